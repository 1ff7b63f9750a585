"""Group `data`, annotation formats that users have: a section for each reader."""

from __future__ import annotations

from typing import Literal

from raasid.config.schema.footage import FilesDataConfig


class YoloDataConfig(FilesDataConfig):
    """A folder in YOLO format."""

    format: Literal["yolo"] = "yolo"
    ball_class: str | int | None = "ball"
    """Name or number of the ball's class; null: every class is a ball."""
