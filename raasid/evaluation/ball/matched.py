"""Match the predicted ball of each frame with its ground truth: hit, miss, mislocated or unwanted."""

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
"""A hit is strictly nearer than this once the frame is scaled to the reference width.

Source: WASB, Tarashima et al., BMVC 2023, whose nets see 512 x 288 pixels. In a frame of
1920 pixels' width this is 15 pixels. The width sets the scale, even if the frame is not 16:9.
"""


class OutcomeType(StrEnum):
    """The five outcomes of a frame; the comments give WASB's names."""

    HIT = "hit"  # TP
    MISS = "miss"  # FN: a visible ball, no prediction
    MISLOCATED = "mislocated"  # FP1: a visible ball, predicted elsewhere
    UNWANTED = "unwanted"  # FP2: a prediction where no ball is visible
    TRUE_NEGATIVE = "true_negative"  # TN


class CandidateLabel(IntEnum):
    """What one candidate is, independent of the threshold."""

    FALSE = 0
    HIT = 1
    IGNORED = 2
    """On another or a hidden ball: neither a hit nor a false positive."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameOutcome:
    """One frame with its ground truth and its prediction."""

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
    other_balls: tuple[Ball, ...]
    """Additional and hidden balls: predicting one of them counts as no prediction."""
    candidates: Detections
    kind: OutcomeType
    top: int | None
    """Index of the prediction in `candidates`: the top score, if it reaches the threshold."""
    distance_px: float
    """From the prediction to the match ball at the reference width; NaN if either is missing."""

    @property
    def score(self) -> float:
        """The prediction's score; NaN without a prediction."""
        return math.nan if self.top is None else float(self.candidates.score[self.top])


def match_frames(
    frames: Sequence[FrameRef], detections: Sequence[Detections], threshold: float
) -> list[FrameOutcome]:
    """Match the top candidate of each frame, if its score is at least the threshold.

    One prediction per frame, as in WASB's evaluator. A prediction on another ball, or on one that is mostly
    covered, is ignored, so that the frame is a miss or a true negative: a ball is there, but finding it is
    not required (COCO's `ignore`).
    """
    return [
        _match_frame(ref, candidates, threshold) for ref, candidates in zip(frames, detections, strict=True)
    ]


def reference_distances(candidates: Detections, ball: Ball, width: int) -> NDArray[np.float64]:
    """Return (K,) distances of the candidates' centres from a ball, in pixels at the reference width."""
    offset = candidates.xy.astype(np.float64) - (ball.x, ball.y)
    return np.asarray(np.hypot(offset[:, 0], offset[:, 1]) * (REFERENCE_WIDTH_PX / width))


def candidate_labels(outcome: FrameOutcome) -> NDArray[np.int8]:
    """Return a (K,) `CandidateLabel` for each candidate; several may be hits of the one match ball."""
    return _labels(outcome.candidates, outcome.truth, outcome.other_balls, outcome.size[0])


def _labels(
    candidates: Detections, truth: Ball | None, other_balls: Iterable[Ball], width: int
) -> NDArray[np.int8]:
    labels = np.full(len(candidates.score), CandidateLabel.FALSE, np.int8)
    for ball in other_balls:
        radius = max(TOLERANCE_PX, max(ball.w, ball.h) / 2 * REFERENCE_WIDTH_PX / width)
        labels[reference_distances(candidates, ball, width) < radius] = CandidateLabel.IGNORED
    if truth is not None:
        labels[reference_distances(candidates, truth, width) < TOLERANCE_PX] = CandidateLabel.HIT
    return labels


def _match_frame(ref: FrameRef, candidates: Detections, threshold: float) -> FrameOutcome:
    frame = ref.frame
    truth = frame.ball
    other_balls = tuple(b for b in frame.balls if b.visibility >= Visibility.HIDDEN and b is not truth)
    top = int(np.argmax(candidates.score)) if len(candidates.score) else None
    if top is not None and not candidates.score[top] >= threshold:
        top = None
    label = None if top is None else CandidateLabel(_labels(candidates, truth, other_balls, frame.width)[top])
    distance = math.nan
    if truth is not None and top is not None:
        distance = float(reference_distances(candidates, truth, frame.width)[top])
    return FrameOutcome(
        clip=ref.clip,
        match=ref.match,
        index=frame.index,
        image=frame.image,
        size=(frame.width, frame.height),
        tags=ref.tags,
        frame_rate_hz=ref.frame_rate_hz,
        truth=truth,
        other_balls=other_balls,
        candidates=candidates,
        kind=_outcome_type(truth is not None, label),
        top=top,
        distance_px=distance,
    )


def _outcome_type(visible: bool, label: CandidateLabel | None) -> OutcomeType:
    if label is None or label is CandidateLabel.IGNORED:
        return OutcomeType.MISS if visible else OutcomeType.TRUE_NEGATIVE
    if label is CandidateLabel.HIT:
        return OutcomeType.HIT
    return OutcomeType.MISLOCATED if visible else OutcomeType.UNWANTED
