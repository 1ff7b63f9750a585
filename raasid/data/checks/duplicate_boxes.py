"""Annotations: one thing that has two boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from raasid.data.checks.finding import Finding, Place
from raasid.data.checks.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Find boxes of one frame that cover each other, and tracks that a frame has twice."""
    most = subject.thresholds.overlap
    for clip in subject.clips:
        for frame in clip.frames:
            tracks = [person.track for person in frame.persons]
            persons = [person.box for person in frame.persons]
            for i, j in _twins(persons, most):
                told = f"persons {tracks[i]} and {tracks[j]} have one box"
                yield Finding(
                    "duplicate_box", clip.id, frame.index, told, tracks[j], str(frame.image), place=persons[j]
                )
            for track in sorted({track for track in tracks if tracks.count(track) > 1}):
                box = persons[tracks.index(track)]
                told = f"track {track} is there {tracks.count(track)} times"
                yield Finding("duplicate_box", clip.id, frame.index, told, track, str(frame.image), place=box)
            balls = [(b.x - b.w / 2, b.y - b.h / 2, b.w, b.h) for b in frame.balls]
            for _, j in _twins(balls, most):
                told = "two balls have one box"
                yield Finding(
                    "duplicate_box", clip.id, frame.index, told, None, str(frame.image), place=balls[j]
                )


def _twins(boxes: Sequence[Place], most: float) -> list[tuple[int, int]]:
    """Pairs (i < j) whose intersection over union is above `most`."""
    if len(boxes) < 2:
        return []
    box = np.array(boxes, np.float64)
    low, high = box[:, :2], box[:, :2] + box[:, 2:]
    sides = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    common = sides.clip(0).prod(axis=-1)
    area = box[:, 2:].clip(0).prod(axis=-1)
    whole = area[:, None] + area[None] - common
    with np.errstate(invalid="ignore"):
        found = (common > most * whole) & (whole > 0)
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(found, 1))]
