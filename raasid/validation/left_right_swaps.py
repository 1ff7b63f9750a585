"""Annotations: left and right swapped, of the wrists or of the whole body."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from raasid.footage.keypoints import FLIP_INDICES
from raasid.footage.records import Clip
from raasid.validation.pose_checks import FOREARM, Floats, Skeletons, is_truncated, stack_skeletons
from raasid.validation.types import CheckInput, Finding, Place

_AS_IS = np.arange(17)
_WRISTS = np.array([*range(9), 10, 9, *range(11, 17)])
_READINGS = np.stack([_AS_IS, _WRISTS, FLIP_INDICES])
_TOLD = ("", "left and right wrist", "left and right of the whole body")

_PAIRS = ((5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16))
_TRUNK = [5, 6, 11, 12]
_PARENT = {9: 7, 10: 8, 15: 13, 16: 14}
"""Wrists are followed from their elbows and ankles from their knees: they turn less than they travel."""

_CHANGE_PER_S = 2.5
"""Body heights a second that the two sides may approach each other and pass: arms and legs cross in gait."""
_LEAST_CHANGE = 0.10
_DOUBT = np.array([0.0, 0.02, 0.10])
"""How much worse than as it stands a reading must explain itself before it is preferred."""
_FOREARM_MOST = 1.2 * FOREARM
_MARGIN = 0.06
_SAME_PERSON = 0.3
"""Body heights: a person whose middle moves further between two frames is not followed."""
_LONGEST_GAP_S = 0.25


def check_left_right(data: CheckInput) -> Iterator[Finding]:
    """Find swaps by anatomy within a frame and by continuity along a track.

    Each skeleton is read in three ways: as it stands, with the wrists swapped, with all joints swapped.
    A reading costs what its forearms are too long; two frames of a track cost what the joints move
    between their readings. The cheapest readings of a track are found by dynamic programming, and a swap
    is message where it is cheaper than every way without it by a margin. All in body heights.
    """
    for clip in data.clips:
        found = stack_skeletons(clip)
        size = found.size() if len(found.frame) else np.zeros(0)
        rows = np.lexsort((found.frame, found.track))
        rows = rows[~is_truncated(clip, found)[rows]]
        for part in _runs(clip, found, size, rows):
            for row, reading, gain in _swaps(clip, found, size, part):
                frame = clip.frames[found.frame[row]]
                box: Place = tuple(found.box[row].tolist())
                yield Finding(
                    "swapped_sides",
                    clip.id,
                    frame.index,
                    f"{_TOLD[reading]} swapped, as the frames around and the forearms' length say",
                    int(found.track[row]),
                    str(frame.image),
                    gain,
                    _MARGIN,
                    place=box,
                )


def _runs(clip: Clip, found: Skeletons, size: Floats, rows: NDArray[np.int64]) -> Iterator[list[int]]:
    """Pieces of tracks without a gap or a leap."""
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
    middle = found.box[:, :2] + found.box[:, 2:] / 2
    near = np.abs(middle[a] - middle[b]).max() < _SAME_PERSON * scale
    return bool(_gap_s(clip, found, a, b) <= _LONGEST_GAP_S and near and min(size[a], size[b]) > 0.6 * scale)


def _gap_s(clip: Clip, found: Skeletons, a: int, b: int) -> float:
    frames = clip.frames
    return float(frames[found.frame[b]].index - frames[found.frame[a]].index) / clip.frame_rate_hz


def _swaps(clip: Clip, found: Skeletons, size: Floats, run: list[int]) -> Iterator[tuple[int, int, float]]:
    """Yield (row, reading, gain) for the rows of a run that are better read otherwise."""
    points = found.xy[run][:, _READINGS]  # (T, 3, 17, 2)
    scale = size[run]
    alone = _too_long(points, scale) + _DOUBT
    steps = [
        _moved(points[t], points[t + 1], max(scale[t], scale[t + 1]))
        + max(_LEAST_CHANGE, _CHANGE_PER_S * _gap_s(clip, found, run[t], run[t + 1])) * (1 - np.eye(3))
        for t in range(len(run) - 1)
    ]
    ahead, behind = np.zeros_like(alone), np.zeros_like(alone)
    for t, step in enumerate(steps):
        ahead[t + 1] = ((ahead[t] + alone[t])[:, None] + step).min(axis=0)
    for t in range(len(steps) - 1, -1, -1):
        behind[t] = ((behind[t + 1] + alone[t + 1])[None] + steps[t]).min(axis=1)
    total = ahead + alone + behind
    for t, row in enumerate(run):
        reading = int(total[t].argmin())
        gain = float(total[t, 0] - total[t, reading])
        if reading and gain > _MARGIN:
            yield row, reading, gain


def _too_long(points: Floats, scale: Floats) -> Floats:
    """Body heights (T, 3) by which the forearms of each reading are longer than forearms are."""
    left = np.linalg.norm(points[:, :, 9] - points[:, :, 7], axis=-1)
    right = np.linalg.norm(points[:, :, 10] - points[:, :, 8], axis=-1)
    excess = np.stack([left, right]) / scale[None, :, None] - _FOREARM_MOST
    return np.asarray(np.nan_to_num(excess, nan=0.0).clip(0).sum(axis=0))


def _moved(before: Floats, after: Floats, scale: float) -> Floats:
    """Cost (3, 3) of going from each reading of one frame to each of the next.

    The sum over pairs of joints of their mean movement in body heights. before, after: (3, 17, 2).
    """
    (a, a_hung), (b, b_hung) = _relative(before), _relative(after)
    travelled = np.linalg.norm(a[:, None] - b[None], axis=-1)  # (3, 3, 17)
    turned = np.linalg.norm(a_hung[:, None] - b_hung[None], axis=-1)
    way = np.where(np.isnan(turned), travelled, turned) / scale
    sides = np.array(_PAIRS)
    pairs = way[:, :, sides].mean(axis=-1)
    return np.asarray(np.nan_to_num(pairs, nan=0.0).clip(max=1.0).sum(axis=-1))


def _relative(points: Floats) -> tuple[Floats, Floats]:
    """Joints (3, 17, 2) relative to the trunk's middle, and to the joints that they hang on (else NaN)."""
    trunk = points[:, _TRUNK]
    known = ~np.isnan(trunk[..., 0])
    middle = np.nan_to_num(trunk).sum(axis=1) / np.maximum(known.sum(axis=1), 1)[:, None]
    hung = np.full_like(points, np.nan)
    for joint, parent in _PARENT.items():
        hung[:, joint] = points[:, joint] - points[:, parent]
    return points - middle[:, None], hung
