"""The ball model's metrics with intervals, from the outcomes of frames.

Ratios are computed from `tallies`, a few numbers per frame, so that a bootstrap only adds those up. A metric
whose denominator is 0 is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.ball.curves import operating_curve
from raasid.evaluation.ball.matched import FrameOutcome, OutcomeType
from raasid.evaluation.result import Slice, compute_slices
from raasid.footage.records import Ball
from raasid.geometry import iou_xyxy
from raasid.stats.bootstrap import Estimate, Floats, bootstrap_sums, safe_divide

_MAX_CANDIDATES = 100
_RECALLS = np.linspace(0, 1, 101)


def box_ap(outcomes: Sequence[FrameOutcome], iou: float) -> float:
    """Compute COCO average precision of one class at one IoU: 101 recall points, 100 candidates per image.

    Every visible ball counts, the match ball or another. NaN if none is visible.
    Source: COCO detection evaluation, cocodataset.org.
    """
    positives = 0
    scored: list[tuple[float, bool]] = []
    for outcome in outcomes:
        balls = [b for b in (outcome.truth, *outcome.other_balls) if b is not None and b.visible]
        positives += len(balls)
        scored += _match(outcome, balls, iou)
    if positives == 0:
        return float("nan")
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    hits = np.cumsum([is_hit for _, is_hit in scored])
    if not hits.size:
        return 0.0
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(hits / positives, _RECALLS, side="left")
    return float(np.append(envelope, 0.0)[at].mean())


def _match(outcome: FrameOutcome, balls: Sequence[Ball], iou: float) -> list[tuple[float, bool]]:
    """Assign to each candidate, best first, the unassigned ball that it overlaps most."""
    candidates = outcome.candidates
    order = np.argsort(-candidates.score, kind="stable")[:_MAX_CANDIDATES]
    overlaps = _iou(candidates.bbox_xyxy[order].astype(np.float64), balls)
    pairs = []
    for row, candidate in zip(overlaps, order, strict=True):
        assigned = int(row.argmax()) if row.size else -1
        is_hit = assigned >= 0 and bool(row[assigned] >= iou)
        if is_hit:
            overlaps[:, assigned] = -1
        pairs.append((float(candidates.score[candidate]), is_hit))
    return pairs


def _iou(boxes: NDArray[np.float64], balls: Sequence[Ball]) -> NDArray[np.float64]:
    """(K, B) intersection over union of (K, 4) corners with balls."""
    others = np.array([(b.x - b.w / 2, b.y - b.h / 2, b.x + b.w / 2, b.y + b.h / 2) for b in balls])
    return iou_xyxy(boxes, others.reshape(-1, 4))


_OUTCOME_TYPES = tuple(OutcomeType)


def tallies(outcomes: Sequence[FrameOutcome]) -> Floats:
    """Return (N, 6): per frame 0 or 1 for each `OutcomeType`, and the frame's duration in minutes."""
    rows = np.zeros((len(outcomes), len(_OUTCOME_TYPES) + 1))
    for row, outcome in zip(rows, outcomes, strict=True):
        row[_OUTCOME_TYPES.index(outcome.kind)] = 1
        row[-1] = 1 / (60 * outcome.frame_rate_hz)
    return rows


def ratios(sums: Floats) -> dict[str, Floats]:
    """Compute metrics that are ratios from tallies summed over frames: (..., 6) -> name -> (...).

    detection_rate: hits over frames with a visible ball.
    false_positives: mislocated and unwanted predictions per image; also per minute of footage,
        if all of it were like these frames.
    precision: hits over predictions; f1: harmonic mean of precision and detection_rate.
    *_wasb: as WASB's evaluator prints them; its recall excludes mislocated balls.
    """
    hit, miss, mislocated, unwanted, true_negative, minutes = np.moveaxis(np.asarray(sums, float), -1, 0)
    false = mislocated + unwanted
    visible = hit + miss + mislocated
    images = visible + unwanted + true_negative
    return {
        "detection_rate": safe_divide(hit, visible),
        "false_positives": safe_divide(false, images),
        "false_positives_per_minute": safe_divide(false, minutes),
        "precision": safe_divide(hit, hit + false),
        "f1": safe_divide(2 * hit, hit + false + visible),
        "recall_wasb": safe_divide(hit, hit + miss),
        "f1_wasb": safe_divide(2 * hit, 2 * hit + false + miss),
        "accuracy_wasb": safe_divide(hit + true_negative, images),
    }


def ball_metrics(outcomes: Sequence[FrameOutcome]) -> dict[str, float]:
    """Compute every metric; lengths are pixels at the reference width of 512.

    In addition to `ratios`: ap, the area under precision over detection rate of the top candidate at any
    threshold; ap_wasb, as WASB computes it from the predictions above the threshold; map50, COCO
    average precision at IoU 0.5 over all candidates and all visible balls; rmse_px over frames with
    a visible ball and a prediction, as WASB; mean_error_px over hits alone.
    """
    sums = tallies(outcomes).sum(axis=0)
    distances = np.array(
        [o.distance_px for o in outcomes if o.kind in (OutcomeType.HIT, OutcomeType.MISLOCATED)]
    )
    errors = np.array([o.distance_px for o in outcomes if o.kind is OutcomeType.HIT])
    return {
        **{name: float(value) for name, value in ratios(sums).items()},
        "ap": operating_curve(outcomes, "top").average_precision,
        "ap_wasb": _ap_wasb(outcomes),
        "map50": box_ap(outcomes, iou=0.5),
        "rmse_px": float(np.sqrt(np.mean(distances**2))) if distances.size else float("nan"),
        "mean_error_px": float(errors.mean()) if errors.size else float("nan"),
    }


def _ap_wasb(outcomes: Sequence[FrameOutcome]) -> float:
    """Mean precision at the hits, over hits and misses; of equal scores the false ones are ranked first."""
    ranked = sorted(
        (-o.score, o.kind is OutcomeType.HIT)
        for o in outcomes
        if o.kind in (OutcomeType.HIT, OutcomeType.MISLOCATED, OutcomeType.UNWANTED)
    )
    hit = np.array([is_hit for _, is_hit in ranked], bool)
    positives = int(hit.sum()) + sum(o.kind is OutcomeType.MISS for o in outcomes)
    if positives == 0:
        return float("nan")
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    return float(precision[hit].sum() / positives)


def estimate_metrics(outcomes: Sequence[FrameOutcome], seed: int) -> dict[str, Estimate]:
    """Estimate every metric: ratios with intervals, the others without."""
    matches = [outcome.match for outcome in outcomes]
    with_interval = bootstrap_sums(tallies(outcomes), matches, ratios, seed)
    nan = float("nan")
    any_estimate = next(iter(with_interval.values()))
    return {
        name: with_interval.get(name, Estimate(value, nan, nan, any_estimate.n, any_estimate.unit))
        for name, value in ball_metrics(outcomes).items()
    }


def count_frames(outcomes: Sequence[FrameOutcome]) -> dict[str, int]:
    """Count the samples; the sample of detection_rate is `with ball`."""
    return {
        "frames": len(outcomes),
        "with ball": sum(outcome.truth is not None for outcome in outcomes),
        "matches": len({outcome.match for outcome in outcomes}),
    }


def slice_metrics(outcomes: Sequence[FrameOutcome], seed: int) -> list[Slice]:
    """Estimate the metrics per tag and per match."""
    return compute_slices(outcomes, count_frames, lambda part: estimate_metrics(part, seed))
