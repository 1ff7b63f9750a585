"""Group `model`: nets that find players and their joints."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from raasid.config.schema.section import Section
from raasid.config.schema.types import File


class PoseTopDownConfig(Section):
    """A finder of players, and a net that reads the joints of each from a crop."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.pose.top_down.PoseTopDown"] = Field(
        "raasid.models.pose.top_down.PoseTopDown", alias="_target_"
    )
    init_from: File | None = None


class PoseYoloConfig(Section):
    """A pose net of ultralytics, built from its YAML and trained by our loop."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.pose.yolo.PoseYolo"] = Field(
        "raasid.models.pose.yolo.PoseYolo", alias="_target_"
    )
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
