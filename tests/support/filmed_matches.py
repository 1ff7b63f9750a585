"""Matches of a few clips with a tiny image each, that differ from match to match."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from raasid.footage.records import Ball, Clip, Footage, Frame, Provenance


def film(folder: Path, match: str, *tags: str, clips: int = 2, shade: int = 0, **more) -> list[Clip]:
    """Clips `<match>-0`, …; shade: other images under the same names."""
    made = []
    for number in range(clips):
        image = folder / f"{match}-{number}.png"
        image.parent.mkdir(parents=True, exist_ok=True)
        grey = (sum(map(ord, image.name)) + shade) % 256
        cv2.imwrite(str(image), np.full((8, 16, 3), grey, np.uint8))
        frame = Frame(0, image, 16, 8, (Ball(3, 4, 2, 2),))
        made.append(Clip(f"{match}-{number}", (frame,), Provenance("test", match=match), tags=tags, **more))
    return made


def footage(**splits: list[Clip]) -> Footage:
    """Footage that declares these splits."""
    clips = [clip for its in splits.values() for clip in its]
    return Footage(clips, {split: [clip.id for clip in its] for split, its in splits.items()})


def without_ball(clip: Clip) -> Clip:
    """The same clip with other labels."""
    return replace(clip, frames=tuple(replace(frame, balls=()) for frame in clip.frames))
