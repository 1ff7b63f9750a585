"""Group `model`: nets that find players and their joints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from pydantic import Field

from raasid.config.schema.section import Section
from raasid.config.schema.types import Count, File, Probability, Size


class PoseTopDownConfig(Section):
    """A finder of players, and a net that reads the joints of each from a crop."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.pose.top_down.PoseTopDown"] = Field(
        "raasid.models.pose.top_down.PoseTopDown", alias="_target_"
    )
    channels: Annotated[int, Ge(8)] = 16
    """Width of the finder's first stage."""
    joint_channels: Annotated[int, Ge(8)] = 16
    """Width of the joints net's first stage."""
    crop: Size = (64, 96)
    """Width, height in pixels of the crops from which joints are read; multiples of 32."""
    margin: Annotated[float, Ge(1), Le(2)] = 1.25
    """A person's box, made this much larger, fills the crop."""
    scale: Annotated[float, Gt(0), Le(4)] = 0.5
    """The finder looks at pictures this much larger."""
    closer: Annotated[float, Ge(0), Le(4)] = 1.5
    """Where nobody is found, or only small people, it looks again at this scale; 0: it does not."""
    small: Annotated[float, Ge(0)] = 48.0
    """Median height in pixels below which people are small."""
    min_score: Probability = 0.1
    """Of a place, for a person to be read there."""
    max_people: Count = 40
    """Per picture."""
    same_person: Probability = 0.6
    """Two skeletons more alike than this (OKS) are one person."""
    mirror: bool = True
    """Read each crop and its mirror image, and average."""
    init_from: File | None = None
    """A checkpoint whose weights are the start."""

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Crops are halved five times."""
        if any(edge % 32 for edge in self.crop):
            yield "crop", f"must be multiples of 32, but is {list(self.crop)}"


class PoseYoloConfig(Section):
    """A pose net of ultralytics, built from its YAML and trained by our loop."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.pose.yolo.PoseYolo"] = Field(
        "raasid.models.pose.yolo.PoseYolo", alias="_target_"
    )
    net: str = "yolo11n-pose.yaml"
    weights: File | None = None
    """The user's own .pt file."""
    max_people: Count = 40
    """Per picture."""
    min_score: Probability = 0.01
    nms_iou: Probability = 0.7
    """Two boxes that overlap more are one person; nets that answer once for each need none."""
    init_from: File | None = None


class PoseMediapipeConfig(Section):
    """MediaPipe's landmarker, one person at a time; measured, never trained."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.pose.mediapipe_module.PoseMediapipe"] = Field(
        "raasid.models.pose.mediapipe_module.PoseMediapipe", alias="_target_"
    )
    task_file: File
    """The user's own pose_landmarker_*.task."""
    init_from: None = None
