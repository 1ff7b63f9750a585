"""What became of each frame: the ball found, missed, put elsewhere, or seen where there was none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raasid.datasets.sample_meta import FrameRef
from raasid.footage.records import Ball, Tags, Visibility
from raasid.models.ball.module import Detections

REFERENCE_WIDTH_PX = 512
TOLERANCE_PX = 4.0
"""A hit is nearer than this (strictly) once the frame is scaled to the reference width.

Source: WASB, Tarashima et al., BMVC 2023, whose nets see 512 x 288 pixels. In a frame of
1920 pixels' width this is 15 pixels. Width sets the scale, also where the frame is not 16:9.
"""


class Kind(StrEnum):
    """The five ends of a frame; the comments give WASB's names."""

    HIT = "hit"  # TP
    MISS = "miss"  # FN: a visible ball, no prediction
    MISLOCATED = "mislocated"  # FP1: a visible ball, predicted elsewhere
    UNWANTED = "unwanted"  # FP2: a prediction where no ball is visible
    TRUE_NEGATIVE = "true_negative"  # TN


class Mark(IntEnum):
    """What one candidate is, whichever threshold is chosen later."""

    FALSE = 0
    HIT = 1
    IGNORED = 2
    """On another or a hidden ball: neither a hit of the match ball nor a false positive."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameOutcome:
    """One frame, what is true in it and what was predicted."""

    clip: str
    match: str
    index: int
    image: Path
    size: tuple[int, int]
    """Width and height in pixels."""
    tags: Tags
    frame_rate_hz: float
    truth: Ball | None
    """The match ball, if it is visible."""
    others: tuple[Ball, ...]
    """Further balls, and hidden ones: predicting one of them counts as no prediction."""
    candidates: Detections
    kind: Kind
    best: int | None
    """Row of the prediction in `candidates`: the top score, if it reaches the threshold."""
    distance_px: float
    """From the prediction to the match ball at the reference width; NaN without either."""

    @property
    def score(self) -> float:
        """The prediction's score; NaN without one."""
        return math.nan if self.best is None else float(self.candidates.score[self.best])


def score_frames(
    frames: Sequence[FrameRef], detections: Sequence[Detections], threshold: float
) -> list[FrameOutcome]:
    """Judge the top candidate of each frame, if its score is at least the threshold.

    One prediction per frame, as WASB's evaluator has it. A prediction on another ball, or on one that is
    covered for the most part, is treated as none, so the frame is a miss or a true negative: it names a
    place where a ball is, yet nobody may be asked to find it (COCO's `ignore`).
    """
    return [_judge(ref, found, threshold) for ref, found in zip(frames, detections, strict=True)]


def scaled_distances(candidates: Detections, ball: Ball, width: int) -> NDArray[np.float64]:
    """(K,) distances of the candidates' centres from a ball, in pixels at the reference width."""
    offset = candidates.xy.astype(np.float64) - (ball.x, ball.y)
    return np.asarray(np.hypot(offset[:, 0], offset[:, 1]) * (REFERENCE_WIDTH_PX / width))


def marks(outcome: FrameOutcome) -> NDArray[np.int8]:
    """(K,) a `Mark` for each candidate; several may be hits of the one match ball."""
    return _marks(outcome.candidates, outcome.truth, outcome.others, outcome.size[0])


def _marks(found: Detections, truth: Ball | None, others: Iterable[Ball], width: int) -> NDArray[np.int8]:
    result = np.full(len(found.score), Mark.FALSE, np.int8)
    for ball in others:
        reach = max(TOLERANCE_PX, max(ball.w, ball.h) / 2 * REFERENCE_WIDTH_PX / width)
        result[scaled_distances(found, ball, width) < reach] = Mark.IGNORED
    if truth is not None:
        result[scaled_distances(found, truth, width) < TOLERANCE_PX] = Mark.HIT
    return result


def _judge(ref: FrameRef, found: Detections, threshold: float) -> FrameOutcome:
    frame = ref.frame
    truth = frame.ball
    others = tuple(b for b in frame.balls if b.visibility >= Visibility.HIDDEN and b is not truth)
    best = int(np.argmax(found.score)) if len(found.score) else None
    if best is not None and not found.score[best] >= threshold:
        best = None
    mark = None if best is None else Mark(_marks(found, truth, others, frame.width)[best])
    distance = math.nan
    if truth is not None and best is not None:
        distance = float(scaled_distances(found, truth, frame.width)[best])
    return FrameOutcome(
        clip=ref.clip,
        match=ref.match,
        index=frame.index,
        image=frame.image,
        size=(frame.width, frame.height),
        tags=ref.tags,
        frame_rate_hz=ref.frame_rate_hz,
        truth=truth,
        others=others,
        candidates=found,
        kind=_kind(truth is not None, mark),
        best=best,
        distance_px=distance,
    )


def _kind(visible: bool, mark: Mark | None) -> Kind:
    if mark is None or mark is Mark.IGNORED:
        return Kind.MISS if visible else Kind.TRUE_NEGATIVE
    if mark is Mark.HIT:
        return Kind.HIT
    return Kind.MISLOCATED if visible else Kind.UNWANTED
