"""Checks of skeletons: keypoints outside their box, and limbs of impossible length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.footage.records import Clip
from raasid.validation.types import Box, CheckInput, Finding

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NAMES = (
    "nose", "left eye", "right eye", "left ear", "right ear", "left shoulder", "right shoulder", "left elbow",
    "right elbow", "left wrist", "right wrist", "left hip", "right hip", "left knee", "right knee",
    "left ankle", "right ankle",
)  # fmt: skip
"""COCO's 17 keypoints."""

LIMBS = (
    ("left thigh", 11, 13, 0.245), ("right thigh", 12, 14, 0.245), ("left shank", 13, 15, 0.246),
    ("right shank", 14, 16, 0.246), ("left upper arm", 5, 7, 0.186), ("right upper arm", 6, 8, 0.186),
    ("left trunk", 5, 11, 0.288), ("right trunk", 6, 12, 0.288), ("shoulders", 5, 6, 0.259),
    ("left forearm", 7, 9, 0.146), ("right forearm", 8, 10, 0.146),
)  # fmt: skip
"""Name, joints, and length over body height. Source: Winter, Biomechanics and Motor Control of Human
Movement, 4th edition, figure 4.1 (after Drillis and Contini)."""
FOREARM = 0.146
_SIZE_LIMBS = slice(0, 9)
"""Limbs from which the body's size is estimated: all but the forearms, which swapped wrists change."""

_MIN_LIMBS = 4
"""With fewer labelled limbs a skeleton is only checked if the frame does not truncate its box."""


@dataclass(frozen=True, slots=True, eq=False)
class Skeletons:
    """M skeletons of a clip."""

    frame: NDArray[np.int64]
    """(M,) position of the frame in the clip."""
    track: NDArray[np.int64]
    """(M,)"""
    xy: Floats
    """(M, 17, 2) pixels; NaN where not labelled."""
    box: Floats
    """(M, 4) left, top, width, height."""

    def limbs(self) -> Floats:
        """Return the body height (M, 11) that follows from each limb if it is parallel to the image plane."""
        a, b = (np.array([limb[k] for limb in LIMBS]) for k in (1, 2))
        lengths = np.linalg.norm(self.xy[:, a] - self.xy[:, b], axis=-1)
        return np.asarray(lengths / np.array([limb[3] for limb in LIMBS]))

    def size(self) -> Floats:
        """Return body heights (M,), pixels: from the third longest limb, else the height of the box.

        Limbs are foreshortened, never lengthened, so that the longest ones are the best estimates; the third,
        because one or two may be wrong.
        """
        heights = np.sort(np.nan_to_num(self.limbs()[:, _SIZE_LIMBS], nan=-1.0), axis=1)[:, -3]
        return np.where(heights > 0, heights, self.box[:, 3].clip(1.0))


def stack_skeletons(clip: Clip) -> Skeletons:
    """Stack the labelled and finite skeletons of a clip."""
    found = [
        (position, person)
        for position, frame in enumerate(clip.frames)
        for person in frame.persons
        if len(person.keypoints) == len(NAMES)
    ]
    points = np.array([person.keypoints for _, person in found], np.float64).reshape(-1, len(NAMES), 3)
    xy = np.where((points[..., 2:] > 0) & np.isfinite(points[..., :2]), points[..., :2], np.nan)
    return Skeletons(
        np.array([position for position, _ in found], np.int64),
        np.array([person.track for _, person in found], np.int64),
        xy,
        np.nan_to_num(np.array([person.box for _, person in found], np.float64).reshape(-1, 4)),
    )


def is_truncated(clip: Clip, found: Skeletons) -> Bools:
    """Return which of the M skeletons cannot be checked: few limbs, in a box truncated by the frame."""
    frames = [clip.frames[position] for position in found.frame]
    size = np.array([(frame.width, frame.height) for frame in frames]).reshape(-1, 2)
    low, high = found.box[:, :2], found.box[:, :2] + found.box[:, 2:]
    at_edge = ((low < 2) | (high > size - 2)).any(axis=1)
    few = (~np.isnan(found.limbs()[:, _SIZE_LIMBS])).sum(axis=1) < _MIN_LIMBS
    return np.asarray(at_edge & few)


def check_keypoints(data: CheckInput) -> Iterator[Finding]:
    """Find keypoints outside their box, beyond what a loose box explains."""
    share = data.thresholds.outside_box
    for clip in data.clips:
        found = stack_skeletons(clip)
        low, high = found.box[:, None, :2], (found.box[:, :2] + found.box[:, 2:])[:, None]
        apart = np.maximum(low - found.xy, found.xy - high).max(axis=-1)
        beyond = np.nan_to_num(apart / np.maximum(found.box[:, 2:].max(axis=1), 1.0)[:, None], nan=-1.0)
        for row in np.flatnonzero((beyond > share).any(axis=1)).tolist():
            worst = int(beyond[row].argmax())
            message = f"{NAMES[worst]} is {apart[row, worst]:.0f} pixels outside the box"
            yield _finding(
                "keypoint_outside_box", clip, found, row, message, float(beyond[row, worst]), share
            )


def check_skeletons(data: CheckInput) -> Iterator[Finding]:
    """Find limbs that are much longer than the rest of the body and its box allow.

    Perspective only ever shortens a limb.
    """
    max_ratio = data.thresholds.limb
    for clip in data.clips:
        found = stack_skeletons(clip)
        if not len(found.frame):
            continue
        size = np.maximum(found.size(), found.box[:, 2:].max(axis=1))
        ratio = np.nan_to_num(found.limbs() / size[:, None], nan=0.0)
        ratio[is_truncated(clip, found)] = 0.0
        for row in np.flatnonzero((ratio > max_ratio).any(axis=1)).tolist():
            worst = int(ratio[row].argmax())
            message = f"{LIMBS[worst][0]} {ratio[row, worst]:.1f} times as long as the body allows"
            yield _finding(
                "impossible_skeleton", clip, found, row, message, float(ratio[row, worst]), max_ratio
            )


def _finding(
    kind: str, clip: Clip, found: Skeletons, row: int, message: str, value: float, limit: float
) -> Finding:
    frame, box = clip.frames[found.frame[row]], found.box[row].tolist()
    place: Box = (box[0], box[1], box[2], box[3])
    track, image = int(found.track[row]), str(frame.image)
    return Finding(kind, clip.id, frame.index, message, track, image, value, limit, place=place)
