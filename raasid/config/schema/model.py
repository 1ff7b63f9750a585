"""Group `model`: which net does the work."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Discriminator, Tag

from raasid.config.schema.ball_models import (
    BallHeatmapConfig,
    BallYoloConfig,
)
from raasid.config.schema.context_models import (
    ContextGeometryConfig,
    ContextMajorityConfig,
    ContextTransformerConfig,
)
from raasid.config.schema.foreign import ForeignSection
from raasid.config.schema.pose_models import (
    PoseMediapipeConfig,
    PoseTopDownConfig,
    PoseYoloConfig,
)
from raasid.config.schema.target import BY_TARGET
from raasid.config.schema.types import File


class ForeignModelConfig(ForeignSection):
    """A model class of the user's own."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    init_from: File | None = None


Model = Annotated[
    Annotated[BallHeatmapConfig, Tag("<raasid.models.ball.heatmap.BallHeatmap>")]
    | Annotated[BallYoloConfig, Tag("<raasid.models.ball.yolo.BallYolo>")]
    | Annotated[ContextGeometryConfig, Tag("<raasid.models.context.geometry.ContextGeometry>")]
    | Annotated[ContextMajorityConfig, Tag("<raasid.models.context.majority.ContextMajority>")]
    | Annotated[ContextTransformerConfig, Tag("<raasid.models.context.transformer.ContextTransformer>")]
    | Annotated[PoseMediapipeConfig, Tag("<raasid.models.pose.mediapipe_module.PoseMediapipe>")]
    | Annotated[PoseTopDownConfig, Tag("<raasid.models.pose.top_down.PoseTopDown>")]
    | Annotated[PoseYoloConfig, Tag("<raasid.models.pose.yolo.PoseYolo>")]
    | Annotated[ForeignModelConfig, Tag("<foreign>")],
    Discriminator(BY_TARGET.of),
]
