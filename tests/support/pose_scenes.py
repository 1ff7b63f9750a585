"""Small pose samples: standing people, and predictions of varying accuracy."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from raasid.datasets.sample_meta import FrameRef
from raasid.footage.records import Frame, Person
from raasid.models.pose.poses import People

# a person of height 1 facing the camera; the left arm is on the right of the image
FIGURE = np.array(
    [
        (0.0, 0.10), (0.02, 0.08), (-0.02, 0.08), (0.04, 0.09), (-0.04, 0.09),
        (0.12, 0.20), (-0.12, 0.20), (0.18, 0.35), (-0.18, 0.35), (0.20, 0.50), (-0.20, 0.50),
        (0.08, 0.52), (-0.08, 0.52), (0.09, 0.75), (-0.09, 0.75), (0.10, 0.97), (-0.10, 0.97),
    ]
)  # fmt: skip


def person(x=100.0, y=50.0, height=80.0, track=0, visibility=2, **more):
    points = FIGURE * height + (x, y)
    keypoints = tuple((float(px), float(py), visibility) for px, py in points)
    box = (x - 0.25 * height, y, 0.5 * height, height)
    return Person(track, "player", box, keypoints=keypoints if visibility else (), **more)


def people(persons, shift=(0.0, 0.0), scores=None):
    """Predictions for persons, shifted by an offset."""
    if not persons:
        return People.empty()
    keypoints = np.ones((len(persons), 17, 3), np.float32)
    boxes = np.zeros((len(persons), 4), np.float32)
    for row, one in enumerate(persons):
        keypoints[row, :, :2] = np.array(one.keypoints)[:, :2] + shift
        x, y, w, h = one.box
        boxes[row] = x + shift[0], y + shift[1], x + w + shift[0], y + h + shift[1]
    given = np.linspace(0.9, 0.5, len(persons)) if scores is None else np.array(scores)
    return People(boxes, given.astype(np.float32), keypoints)


def frame(persons, index=0, match="m1", tags=(), image=Path("none.jpg"), size=(640, 360)):
    return FrameRef(f"{match}-clip", match, Frame(index, image, *size, persons=tuple(persons), tags=tags))


def league(matches=3, frames=6, seed=0):
    """Frames of some matches; a model with errors, misses and false persons."""
    rng = np.random.default_rng(seed)
    refs, own, at = [], [], []
    for match in range(matches):
        for index in range(frames):
            heights = rng.choice([30.0, 70.0, 200.0], size=4)
            persons = [person(60.0 + 150 * k, rng.uniform(20, 120), heights[k], track=k) for k in range(4)]
            refs.append(frame(persons, index, f"m{match}", ("night",) if match % 2 else ("day",)))
            predicted = people(persons, scores=rng.uniform(0.3, 1.0, 4))
            noise = rng.normal(0, 0.03, (4, 17, 2)) * heights[:, None, None] * rng.choice([0.3, 2], (4, 1, 1))
            predicted.keypoints[..., :2] += noise
            at.append(predicted)
            keep = np.flatnonzero(rng.random(4) < 0.9)
            ghost = people(
                [person(rng.uniform(0, 600), rng.uniform(0, 200), 60.0)], scores=[rng.uniform(0, 0.8)]
            )
            parts = [
                np.concatenate([getattr(predicted, name)[keep], getattr(ghost, name)])
                for name in ("boxes", "score", "keypoints")
            ]
            own.append(People(*parts))
    return refs, own, at
