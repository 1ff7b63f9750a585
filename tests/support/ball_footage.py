"""Small ball samples: frames, candidates, and a league of both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from raasid.datasets.sample_meta import FrameRef
from raasid.footage.records import Ball, Frame, Tags
from raasid.models.ball.module import Detections

Candidate = tuple[float, float, float]


def frame(
    index: int = 0,
    balls: Sequence[Ball] = (),
    match: str = "m1",
    tags: Tags = (),
    *,
    width: int = 512,
    image: Path = Path("none.jpg"),
) -> FrameRef:
    content = Frame(index, image, width, width * 9 // 16, tuple(balls), tags=tags)
    return FrameRef(f"{match}-clip", match, content)


def found(*candidates: Candidate, size: float = 10.0) -> Detections:
    rows = np.array(sorted(candidates, key=lambda c: -c[2]), np.float32).reshape(-1, 3)
    return Detections(rows[:, :2], np.full((len(rows), 2), size, np.float32), rows[:, 2])


def ball(x: float, y: float, size: float = 10.0) -> Ball:
    return Ball(x, y, size, size)


def league(matches: int, frames: int, seed: int = 0) -> tuple[list[FrameRef], list[Detections]]:
    """Frames of some matches with a detector that is randomly right, off, silent or wrong."""
    rng = np.random.default_rng(seed)
    refs, detections = [], []
    for match in range(matches):
        for index in range(frames):
            x, y = rng.uniform(20, 490), rng.uniform(20, 260)
            visible = rng.random() < 0.8
            tags = ("night",) if match % 2 else ("day",)
            refs.append(frame(index, [ball(x, y)] if visible else [], f"m{match}", tags))
            offset = rng.choice([0.5, 30.0], p=[0.8, 0.2])
            true = (x + offset, y, rng.uniform(0.3, 1.0))
            ghost = (rng.uniform(0, 512), rng.uniform(0, 288), rng.uniform(0.0, 0.7))
            detections.append(found(*([true] if visible and rng.random() < 0.9 else []), ghost))
    return refs, detections
