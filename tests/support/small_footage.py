"""Footage of a few frames, made in the test that needs it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from raasid.footage.records import Ball, Clip, Frame, Keypoint, Person, Provenance
from raasid.validation.image_stats import ImageStatsIndex
from raasid.validation.options import Thresholds
from raasid.validation.types import Check, CheckInput, Finding

STANDING = np.array(
    [
        *((50, 12), (52, 10), (48, 10), (55, 12), (45, 12)),
        *((62, 26), (38, 26), (67, 44), (33, 44), (69, 58), (31, 58)),
        *((56, 55), (44, 55), (57, 79), (43, 79), (57, 103), (43, 103)),
    ],
    float,
)
"""A person of 110 pixels, facing the camera, joints in COCO's order."""


def pose(points: np.ndarray = STANDING, visible: int = 2) -> tuple[Keypoint, ...]:
    return tuple((float(x), float(y), visible) for x, y in points)


def person(points: np.ndarray = STANDING, track: int = 1, role: str = "player") -> Person:
    return Person(track, role, (30.0, 5.0, 40.0, 105.0), keypoints=pose(points))  # type: ignore[arg-type]


def frame(index: int, *balls: Ball, persons: Sequence[Person] = (), tags: Sequence[str] = ()) -> Frame:
    return Frame(index, Path(f"{index}.jpg"), 200, 120, balls, tuple(persons), tuple(tags))


def clip(*frames: Frame, name: str = "c", match: str = "m") -> Clip:
    return Clip(name, frames, Provenance("test", match=match))


def rolling(count: int, missing: Sequence[int] = ()) -> Clip:
    """A ball of 8 pixels that rolls 5 pixels a frame."""
    return clip(*(frame(i) if i in missing else frame(i, Ball(50.0 + 5 * i, 60, 8, 8)) for i in range(count)))


def found(
    check: Check, *clips: Clip, images: ImageStatsIndex | None = None, **splits: Sequence[str]
) -> list[Finding]:
    return list(check(CheckInput(clips, images or ImageStatsIndex(), splits, Thresholds())))
