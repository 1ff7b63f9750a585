"""One ball out of many candidates: the likeliest path through a clip, by dynamic programming.

The best candidate of each frame is often a head or a spot; the ball is the one whose places follow from each
other. A path may leave frames out, and may break off and begin elsewhere, each at a price (tracking as a
shortest path: Jiang, Fels and Little, CVPR 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MISSING, BRIDGED, UNSURE, SURE = range(4)
_ORDINARY_HZ = 25.0


class Candidates(Protocol):
    """Places of one frame: (K, 2) centres, (K, 2) box sizes, (K,) scores, by falling score."""

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
        """How sure the model is."""
        ...


@dataclass(frozen=True, slots=True)
class FlightRules:
    """What a path may do and what it costs, in units of log odds."""

    candidates: int = 6
    """Of each frame that are looked at."""
    floor: float = 0.15
    """Least score of a candidate, as a share of the threshold."""
    speed: float = 5.0
    """Own sizes that a ball moves at most in 1/25 s: 30 m/s are 5.5 diameters, but boxes are wider."""
    longest_gap: float = 0.4
    """Seconds without a candidate that are bridged; what is longer stays open."""
    trust: float = 0.7
    """Worth of a candidate that just reaches the threshold; one that follows from others may score less."""
    begin: float = 1.0
    """Price of a flight's beginning, against single false candidates."""
    jump: float = 2.5
    """Further price where another flight of the same shot ended less than `longest_gap` before."""
    skip: float = 0.3
    """Price of a frame without a candidate, until three are left out."""
    bend: float = 1.0
    """Price of the fastest possible change of direction."""
    far: float = 0.7
    """Price of the longest possible step."""
    resize: float = 0.5
    """Price of a box twice as large."""


@dataclass(frozen=True, slots=True, eq=False)
class BallFlight:
    """box: (T, 4) centre x, y, width, height; score: (T,), 0 where nothing was seen; state: (T,) as above."""

    box: Floats
    score: Floats
    state: NDArray[np.int64]


@dataclass(slots=True, eq=False)
class _Nodes:
    """Candidates of all frames, one after the other, and the best path that ends in each."""

    frame: NDArray[np.int64]
    place: Floats
    """(N, 2) as if the camera had stood still."""
    box: Floats
    score: Floats
    gain: Floats
    total: Floats
    velocity: Floats
    """(N, 2) pixels a second on the best path to here; NaN at its beginning."""
    came_from: NDArray[np.int64]
    joined: NDArray[np.bool_]
    """Whether `came_from` is the same flight, and not an earlier one."""


def ball_flight(
    frames: Sequence[Candidates],
    threshold: float,
    seconds: Floats,
    shift: Floats,
    shot: NDArray[np.int64],
    rules: FlightRules | None = None,
) -> BallFlight:
    """Find the ball in T frames.

    threshold: score from which a candidate speaks for a ball. seconds: (T,) when each frame was taken.
    shift: (T, 2) pixels by which the picture has moved since the first frame. shot: (T,) a number that
    changes where the camera does: no path leads across. A flight of which no candidate reaches the threshold
    is none.
    """
    rules = rules or FlightRules()
    nodes = _nodes(frames, threshold, shift, rules)
    starts = np.searchsorted(nodes.frame, np.arange(len(frames) + 1))
    first, best, best_node = 0, 0.0, -1
    for t in range(len(frames)):
        here = slice(starts[t], starts[t + 1])
        if here.start == here.stop:
            continue
        while seconds[first] < seconds[t] - rules.longest_gap - 1.5 / _ORDINARY_HZ or shot[first] != shot[t]:
            best, best_node = _best(nodes, slice(starts[first], starts[first + 1]), best, best_node)
            first += 1
        nodes.total[here] = best - rules.begin + nodes.gain[here]
        nodes.came_from[here] = best_node
        before = slice(starts[first], starts[t])
        if before.start < before.stop:
            _join(nodes, before, here, seconds, rules)
    _, best_node = _best(nodes, slice(0, len(nodes.frame)), 0.0, -1)
    return _along(nodes, best_node, len(frames), threshold, shift)


def _best(nodes: _Nodes, among: slice, best: float, best_node: int) -> tuple[float, int]:
    """The best of some nodes, if it is better than what there was."""
    if among.start < among.stop:
        top = int(among.start + nodes.total[among].argmax())
        if nodes.total[top] > best:
            return float(nodes.total[top]), top
    return best, best_node


def _nodes(frames: Sequence[Candidates], threshold: float, shift: Floats, rules: FlightRules) -> _Nodes:
    kept = [
        np.flatnonzero(found.score[: rules.candidates] >= rules.floor * threshold).tolist()
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
        np.clip(_log_odds(score) - _log_odds(np.array(threshold)) + rules.trust, -2.5, 3.0),
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
    rules: FlightRules,
) -> None:
    """Continue the best flight that reaches each candidate of a frame, where that is worth it."""
    now, old = nodes.frame[here], nodes.frame[before]
    elapsed = (seconds[now][:, None] - seconds[old][None]) * _ORDINARY_HZ  # in ordinary frames
    size_now = np.sqrt(nodes.box[here, 2:].prod(axis=1))
    size_old = np.sqrt(nodes.box[before, 2:].prod(axis=1))
    size = np.maximum(np.sqrt(size_now[:, None] * size_old[None]), 2.0)
    move = nodes.place[here][:, None] - nodes.place[before][None]
    reach = rules.speed * size * elapsed + 0.5 * size
    far = np.linalg.norm(move, axis=2) / reach
    expected = nodes.velocity[before][None] * (elapsed / _ORDINARY_HZ)[..., None]
    bend = np.minimum(np.linalg.norm(move - expected, axis=2) / reach, 1.0)
    resized = np.abs(np.log(size_now[:, None] / np.maximum(size_old[None], 0.5)) / np.log(2))
    skipped = (now[:, None] - old[None] - 1).astype(float)
    price = rules.far * far**2 + rules.bend * np.nan_to_num(bend) + rules.resize * resized
    total = (
        nodes.total[before][None] + nodes.gain[here][:, None] - price - rules.skip * np.minimum(skipped, 3)
    )
    jumped = nodes.total[before][None] + nodes.gain[here][:, None] - rules.begin - rules.jump
    joined = (far <= 1) & (total > jumped)
    total = np.where(joined, total, jumped)
    best = total.argmax(axis=1)
    rows = np.arange(len(best))
    better = total[rows, best] > nodes.total[here]
    nodes.total[here] = np.where(better, total[rows, best], nodes.total[here])
    nodes.came_from[here] = np.where(better, best + before.start, nodes.came_from[here])
    nodes.joined[here] = better & joined[rows, best]
    velocity = move[rows, best] / (elapsed[rows, best] / _ORDINARY_HZ)[:, None]
    nodes.velocity[here] = np.where(nodes.joined[here][:, None], velocity, np.nan)


def _along(nodes: _Nodes, last: int, count: int, threshold: float, shift: Floats) -> BallFlight:
    """Walk the path back, one flight after the other."""
    flight = BallFlight(np.zeros((count, 4)), np.zeros(count), np.full(count, MISSING, np.int64))
    part: list[int] = []
    while last >= 0:
        part.append(last)
        if not nodes.joined[last]:
            _lay(flight, nodes, np.array(part[::-1]), threshold, shift)
            part = []
        last = int(nodes.came_from[last])
    return flight


def _lay(flight: BallFlight, nodes: _Nodes, part: NDArray[np.int64], threshold: float, shift: Floats) -> None:
    """Write one flight down: its places as they were seen, its sizes smoothed, its gaps bridged."""
    if nodes.score[part].max() < threshold:
        return
    frames = nodes.frame[part]
    every = np.arange(frames[0], frames[-1] + 1)
    places = np.column_stack([np.interp(every, frames, nodes.place[part, axis]) for axis in (0, 1)])
    flight.box[every, :2] = places + shift[every]
    flight.box[every, 2:] = _smooth_sizes(frames, nodes.box[part, 2:], nodes.score[part], every)
    flight.state[every] = BRIDGED
    flight.state[frames] = np.where(nodes.score[part] >= threshold, SURE, UNSURE)
    flight.score[frames] = nodes.score[part]


def _smooth_sizes(
    frames: NDArray[np.int64], sizes: Floats, score: Floats, every: NDArray[np.int64]
) -> Floats:
    """(E, 2) geometric means over neighbouring frames: how large a ball looks tells how far away it is."""
    weight = np.exp(-(((every[:, None] - frames[None]) / 1.5) ** 2) / 2) * score[None] + 1e-12
    logs = np.log(np.maximum(sizes, 0.5))
    return np.asarray(np.exp(weight @ logs / weight.sum(axis=1, keepdims=True)))


def _log_odds(score: Floats) -> Floats:
    share = np.clip(score, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(share / (1 - share)))
