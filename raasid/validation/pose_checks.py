"""Checks of skeletons: keypoints outside their box, limbs of impossible length, left and right swapped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.footage.keypoints import FLIP_INDICES
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


_IDENTITY = np.arange(17)
_WRISTS_SWAPPED = np.array([*range(9), 10, 9, *range(11, 17)])
_PERMUTATIONS = np.stack([_IDENTITY, _WRISTS_SWAPPED, FLIP_INDICES])
_DESCRIPTIONS = ("", "left and right wrist", "left and right of the whole body")

_PAIRS = ((5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16))
_TRUNK = [5, 6, 11, 12]
_PARENT = {9: 7, 10: 8, 15: 13, 16: 14}
"""Wrists are compared relative to elbows, ankles relative to knees: they rotate less than they move."""

_CHANGE_PER_S = 2.5
"""Body heights per second by which left and right may pass each other: arms and legs cross in gait."""
_MIN_CHANGE = 0.10
_PRIOR_COST = np.array([0.0, 0.02, 0.10])
"""Cost of each permutation itself, which the unswapped skeleton does not have."""
_MAX_FOREARM = 1.2 * FOREARM
_MARGIN = 0.06
_MAX_MOVEMENT = 0.3
"""Body heights; a person whose centre moves further between two frames starts a new run."""
_MAX_GAP_S = 0.25


def check_left_right(data: CheckInput) -> Iterator[Finding]:
    """Find swaps by anatomy within a frame and by continuity along a track.

    Each skeleton is tested in three permutations: unchanged, wrists swapped, all joints swapped. A
    permutation costs what makes its forearms too long; a transition between two frames costs the movement of
    the joints. Dynamic programming finds the cheapest permutations of a track, and a swap is reported if it
    is cheaper than every solution without it by a margin. All costs are in body heights.
    """
    for clip in data.clips:
        found = stack_skeletons(clip)
        size = found.size() if len(found.frame) else np.zeros(0)
        rows = np.lexsort((found.frame, found.track))
        rows = rows[~is_truncated(clip, found)[rows]]
        for run in _runs(clip, found, size, rows):
            for row, permutation, gain in _swaps(clip, found, size, run):
                frame = clip.frames[found.frame[row]]
                box: Box = tuple(found.box[row].tolist())
                yield Finding(
                    "swapped_sides",
                    clip.id,
                    frame.index,
                    f"{_DESCRIPTIONS[permutation]} swapped, by the frames around and the forearms' length",
                    int(found.track[row]),
                    str(frame.image),
                    gain,
                    _MARGIN,
                    place=box,
                )


def _runs(clip: Clip, found: Skeletons, size: Floats, rows: NDArray[np.int64]) -> Iterator[list[int]]:
    """Yield the rows of each piece of a track without a gap or a jump."""
    run: list[int] = []
    for row in rows.tolist():
        if run and not _follows(clip, found, size, run[-1], row):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _follows(clip: Clip, found: Skeletons, size: Floats, a: int, b: int) -> bool:
    if found.track[a] != found.track[b] or found.frame[a] == found.frame[b]:
        return False
    scale = max(size[a], size[b])
    centre = found.box[:, :2] + found.box[:, 2:] / 2
    near = np.abs(centre[a] - centre[b]).max() < _MAX_MOVEMENT * scale
    return bool(_gap_s(clip, found, a, b) <= _MAX_GAP_S and near and min(size[a], size[b]) > 0.6 * scale)


def _gap_s(clip: Clip, found: Skeletons, a: int, b: int) -> float:
    frames = clip.frames
    return float(frames[found.frame[b]].index - frames[found.frame[a]].index) / clip.frame_rate_hz


def _swaps(clip: Clip, found: Skeletons, size: Floats, run: list[int]) -> Iterator[tuple[int, int, float]]:
    """Yield (row, permutation, gain) for the rows of a run that are better explained by a swap."""
    points = found.xy[run][:, _PERMUTATIONS]  # (T, 3, 17, 2)
    scale = size[run]
    alone = _excess_forearm(points, scale) + _PRIOR_COST
    steps = [
        _transition_cost(points[t], points[t + 1], max(scale[t], scale[t + 1]))
        + max(_MIN_CHANGE, _CHANGE_PER_S * _gap_s(clip, found, run[t], run[t + 1])) * (1 - np.eye(3))
        for t in range(len(run) - 1)
    ]
    ahead, behind = np.zeros_like(alone), np.zeros_like(alone)
    for t, step in enumerate(steps):
        ahead[t + 1] = ((ahead[t] + alone[t])[:, None] + step).min(axis=0)
    for t in range(len(steps) - 1, -1, -1):
        behind[t] = ((behind[t + 1] + alone[t + 1])[None] + steps[t]).min(axis=1)
    total = ahead + alone + behind
    for t, row in enumerate(run):
        permutation = int(total[t].argmin())
        gain = float(total[t, 0] - total[t, permutation])
        if permutation and gain > _MARGIN:
            yield row, permutation, gain


def _excess_forearm(points: Floats, scale: Floats) -> Floats:
    """Return (T, 3) by how many body heights the forearms of each permutation are too long."""
    left = np.linalg.norm(points[:, :, 9] - points[:, :, 7], axis=-1)
    right = np.linalg.norm(points[:, :, 10] - points[:, :, 8], axis=-1)
    excess = np.stack([left, right]) / scale[None, :, None] - _MAX_FOREARM
    return np.asarray(np.nan_to_num(excess, nan=0.0).clip(0).sum(axis=0))


def _transition_cost(before: Floats, after: Floats, scale: float) -> Floats:
    """Return the cost (3, 3) of a transition from each permutation of one frame to each of the next.

    The sum over pairs of joints of their mean movement in body heights. before, after: (3, 17, 2).
    """
    (a, a_to_parent), (b, b_to_parent) = _relative(before), _relative(after)
    moved = np.linalg.norm(a[:, None] - b[None], axis=-1)  # (3, 3, 17)
    rotated = np.linalg.norm(a_to_parent[:, None] - b_to_parent[None], axis=-1)
    movement = np.where(np.isnan(rotated), moved, rotated) / scale
    sides = np.array(_PAIRS)
    pairs = movement[:, :, sides].mean(axis=-1)
    return np.asarray(np.nan_to_num(pairs, nan=0.0).clip(max=1.0).sum(axis=-1))


def _relative(points: Floats) -> tuple[Floats, Floats]:
    """Return joints (3, 17, 2) relative to the trunk's centre, and to their parent joint (else NaN)."""
    trunk = points[:, _TRUNK]
    known = ~np.isnan(trunk[..., 0])
    centre = np.nan_to_num(trunk).sum(axis=1) / np.maximum(known.sum(axis=1), 1)[:, None]
    to_parent = np.full_like(points, np.nan)
    for joint, parent in _PARENT.items():
        to_parent[:, joint] = points[:, joint] - points[:, parent]
    return points - centre[:, None], to_parent
