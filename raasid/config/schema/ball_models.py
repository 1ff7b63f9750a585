"""Group `model`: nets that look for the ball."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from pydantic import Field

from raasid.config.schema.section import Section
from raasid.config.schema.types import Count, File, Probability, Strength


class BallHeatmapConfig(Section):
    """A small fully convolutional net that draws a heatmap of ball centres."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.ball.heatmap.BallHeatmap"] = Field(
        "raasid.models.ball.heatmap.BallHeatmap", alias="_target_"
    )
    channels: Annotated[int, Ge(4)] = 16
    """Width of the first stage."""
    frames: Literal[1, 3] = 1
    """3: the frame with the one before and the one after."""
    threshold: Probability | Literal["auto"] = "auto"
    """Operating point; auto: the lowest within max_false_positives on the selection split."""
    max_false_positives: Strength = 0.03
    """Per image; what the automatic threshold keeps to."""
    mirror: bool = False
    """Look at pictures and at their mirror images, and average."""
    scales: tuple[Annotated[float, Ge(0.25), Le(4)], ...] = ()
    """Further scales to look at, as shares of the picture's size."""
    init_from: File | None = None
    """A checkpoint whose weights are the start."""


class BallYoloConfig(Section):
    """A detection net of ultralytics, built from its YAML and trained by our loop."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.ball.yolo.BallYolo"] = Field(
        "raasid.models.ball.yolo.BallYolo", alias="_target_"
    )
    net: str = "yolo26n.yaml"
    weights: File | None = None
    """The user's own .pt file."""
    threshold: Probability | Literal["auto"] = "auto"
    max_false_positives: Strength = 0.03
    max_detections: Count = 10
    init_from: File | None = None
