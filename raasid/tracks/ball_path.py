"""Find the ball among many candidates: the most likely path through a clip, by dynamic programming.

The best candidate of a frame is often a head or a penalty spot; the ball is the one whose positions follow
from each other. A path may skip frames, and may break off and begin elsewhere, each at a cost (tracking as a
shortest path: Jiang, Fels and Little, CVPR 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MISSING, GAP_FILLED, LOW_CONFIDENCE, HIGH_CONFIDENCE = range(4)
"""States of a frame: no ball, inferred, below the threshold, and at or above it."""
_REFERENCE_HZ = 25.0


class Candidates(Protocol):
    """Ball candidates of one frame: (K, 2) centres, (K, 2) box sizes, (K,) scores, by falling score."""

    @property
    def xy(self) -> NDArray[np.float32]:
        """Centres."""
        ...

    @property
    def wh(self) -> NDArray[np.float32]:
        """Sizes."""
        ...

    @property
    def score(self) -> NDArray[np.float32]:
        """Scores in [0, 1]."""
        ...


@dataclass(frozen=True, slots=True)
class BallPathRules:
    """Limits of a path and the costs of its steps, in units of log odds."""

    max_candidates: int = 6
    """Candidates of each frame that are used."""
    min_relative_score: float = 0.15
    """Lowest score of a candidate, as a share of the threshold."""
    max_speed: float = 5.0
    """Own sizes that a ball moves at most in 1/25 s: 30 m/s are 5.5 diameters, but boxes are wider."""
    max_gap_s: float = 0.4
    """Longest time without a candidate that is bridged."""
    threshold_gain: float = 0.7
    """Gain of a candidate that just reaches the threshold; one that follows from others may score less."""
    start_cost: float = 1.0
    """Cost of beginning a segment, against single false candidates."""
    jump_cost: float = 2.5
    """Additional cost where another segment of the same shot ended less than `max_gap_s` before."""
    skip_cost: float = 0.3
    """Cost of each frame without a candidate, up to three."""
    turn_cost: float = 1.0
    """Cost of the fastest possible change of direction."""
    distance_cost: float = 0.7
    """Cost of the longest possible step."""
    resize_cost: float = 0.5
    """Cost of a box twice as large."""


@dataclass(frozen=True, slots=True, eq=False)
class BallPath:
    """The ball in T frames.

    box: (T, 4) centre x, y, width, height. score: (T,), 0 where nothing was detected. state: (T,) one of
    MISSING, GAP_FILLED, LOW_CONFIDENCE and HIGH_CONFIDENCE.
    """

    box: Floats
    score: Floats
    state: NDArray[np.int64]


@dataclass(slots=True, eq=False)
class _Nodes:
    """Candidates of all frames in order, and the best path that ends in each."""

    frame: NDArray[np.int64]
    position: Floats
    """(N, 2) centres without the camera's motion."""
    box: Floats
    score: Floats
    gain: Floats
    total: Floats
    velocity: Floats
    """(N, 2) pixels per second on the best path to here; NaN at its beginning."""
    came_from: NDArray[np.int64]
    joined: NDArray[np.bool_]
    """Whether `came_from` is of the same segment, and not of an earlier one."""


def find_ball_path(
    frames: Sequence[Candidates],
    threshold: float,
    seconds: Floats,
    shift: Floats,
    shot: NDArray[np.int64],
    rules: BallPathRules | None = None,
) -> BallPath:
    """Find the ball in T frames.

    threshold: the model's operating point. seconds: (T,) time of each frame. shift: (T, 2) pixels by which
    the image has moved since the first frame. shot: (T,) a number that changes at each cut; no segment of a
    path leads across. Segments without a candidate at the threshold are dropped.
    """
    rules = rules or BallPathRules()
    nodes = _nodes(frames, threshold, shift, rules)
    starts = np.searchsorted(nodes.frame, np.arange(len(frames) + 1))
    first, best, best_node = 0, 0.0, -1
    for t in range(len(frames)):
        here = slice(starts[t], starts[t + 1])
        if here.start == here.stop:
            continue
        while seconds[first] < seconds[t] - rules.max_gap_s - 1.5 / _REFERENCE_HZ or shot[first] != shot[t]:
            best, best_node = _best(nodes, slice(starts[first], starts[first + 1]), best, best_node)
            first += 1
        nodes.total[here] = best - rules.start_cost + nodes.gain[here]
        nodes.came_from[here] = best_node
        before = slice(starts[first], starts[t])
        if before.start < before.stop:
            _join(nodes, before, here, seconds, rules)
    _, best_node = _best(nodes, slice(0, len(nodes.frame)), 0.0, -1)
    return _trace_back(nodes, best_node, len(frames), threshold, shift)


def _best(nodes: _Nodes, among: slice, best: float, best_node: int) -> tuple[float, int]:
    """Return the better of `best` and the best of some nodes."""
    if among.start < among.stop:
        top = int(among.start + nodes.total[among].argmax())
        if nodes.total[top] > best:
            return float(nodes.total[top]), top
    return best, best_node


def _nodes(frames: Sequence[Candidates], threshold: float, shift: Floats, rules: BallPathRules) -> _Nodes:
    kept = [
        np.flatnonzero(found.score[: rules.max_candidates] >= rules.min_relative_score * threshold).tolist()
        for found in frames
    ]
    frame = np.array([t for t, rows in enumerate(kept) for _ in rows], np.int64)
    rows = [(t, k) for t, ks in enumerate(kept) for k in ks]
    box = np.array([(*frames[t].xy[k], *frames[t].wh[k]) for t, k in rows], np.float64).reshape(-1, 4)
    score = np.array([frames[t].score[k] for t, k in rows], np.float64)
    count = len(rows)
    return _Nodes(
        frame,
        box[:, :2] - shift[frame],
        box,
        score,
        np.clip(_log_odds(score) - _log_odds(np.array(threshold)) + rules.threshold_gain, -2.5, 3.0),
        np.zeros(count),
        np.full((count, 2), np.nan),
        np.full(count, -1, np.int64),
        np.zeros(count, bool),
    )


def _join(
    nodes: _Nodes,
    before: slice,
    here: slice,
    seconds: Floats,
    rules: BallPathRules,
) -> None:
    """Connect each candidate of a frame with the best earlier one, if that beats a new start."""
    now, old = nodes.frame[here], nodes.frame[before]
    elapsed = (seconds[now][:, None] - seconds[old][None]) * _REFERENCE_HZ  # in frames of 1/25 s
    size_now = np.sqrt(nodes.box[here, 2:].prod(axis=1))
    size_old = np.sqrt(nodes.box[before, 2:].prod(axis=1))
    size = np.maximum(np.sqrt(size_now[:, None] * size_old[None]), 2.0)
    move = nodes.position[here][:, None] - nodes.position[before][None]
    reach = rules.max_speed * size * elapsed + 0.5 * size
    step = np.linalg.norm(move, axis=2) / reach
    expected = nodes.velocity[before][None] * (elapsed / _REFERENCE_HZ)[..., None]
    turn = np.minimum(np.linalg.norm(move - expected, axis=2) / reach, 1.0)
    resized = np.abs(np.log(size_now[:, None] / np.maximum(size_old[None], 0.5)) / np.log(2))
    skipped = (now[:, None] - old[None] - 1).astype(float)
    cost = rules.distance_cost * step**2 + rules.turn_cost * np.nan_to_num(turn)
    cost = cost + rules.resize_cost * resized
    total = (
        nodes.total[before][None]
        + nodes.gain[here][:, None]
        - cost
        - rules.skip_cost * np.minimum(skipped, 3)
    )
    jumped = nodes.total[before][None] + nodes.gain[here][:, None] - rules.start_cost - rules.jump_cost
    joined = (step <= 1) & (total > jumped)
    total = np.where(joined, total, jumped)
    best = total.argmax(axis=1)
    rows = np.arange(len(best))
    better = total[rows, best] > nodes.total[here]
    nodes.total[here] = np.where(better, total[rows, best], nodes.total[here])
    nodes.came_from[here] = np.where(better, best + before.start, nodes.came_from[here])
    nodes.joined[here] = better & joined[rows, best]
    velocity = move[rows, best] / (elapsed[rows, best] / _REFERENCE_HZ)[:, None]
    nodes.velocity[here] = np.where(nodes.joined[here][:, None], velocity, np.nan)


def _trace_back(nodes: _Nodes, last: int, count: int, threshold: float, shift: Floats) -> BallPath:
    """Walk the path back, one segment after the other."""
    path = BallPath(np.zeros((count, 4)), np.zeros(count), np.full(count, MISSING, np.int64))
    segment: list[int] = []
    while last >= 0:
        segment.append(last)
        if not nodes.joined[last]:
            _write_segment(path, nodes, np.array(segment[::-1]), threshold, shift)
            segment = []
        last = int(nodes.came_from[last])
    return path


def _write_segment(
    path: BallPath, nodes: _Nodes, segment: NDArray[np.int64], threshold: float, shift: Floats
) -> None:
    """Write one segment: positions as detected, sizes smoothed, gaps interpolated."""
    if nodes.score[segment].max() < threshold:
        return
    frames = nodes.frame[segment]
    every = np.arange(frames[0], frames[-1] + 1)
    positions = np.column_stack([np.interp(every, frames, nodes.position[segment, axis]) for axis in (0, 1)])
    path.box[every, :2] = positions + shift[every]
    path.box[every, 2:] = _smooth_sizes(frames, nodes.box[segment, 2:], nodes.score[segment], every)
    path.state[every] = GAP_FILLED
    path.state[frames] = np.where(nodes.score[segment] >= threshold, HIGH_CONFIDENCE, LOW_CONFIDENCE)
    path.score[frames] = nodes.score[segment]


def _smooth_sizes(
    frames: NDArray[np.int64], sizes: Floats, score: Floats, every: NDArray[np.int64]
) -> Floats:
    """Return (E, 2) geometric means over neighbouring frames: a ball's size changes slowly."""
    weight = np.exp(-(((every[:, None] - frames[None]) / 1.5) ** 2) / 2) * score[None] + 1e-12
    logs = np.log(np.maximum(sizes, 0.5))
    return np.asarray(np.exp(weight @ logs / weight.sum(axis=1, keepdims=True)))


def _log_odds(score: Floats) -> Floats:
    share = np.clip(score, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(share / (1 - share)))
