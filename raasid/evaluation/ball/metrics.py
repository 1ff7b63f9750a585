"""The ball model's metrics with intervals, from the outcomes of frames.

Ratios are computed from `tallies`, a few numbers per frame, so that a bootstrap only adds those up. A metric
whose denominator is 0 is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raasid.evaluation.ball.box_ap import box_ap
from raasid.evaluation.ball.curves import operating_curve
from raasid.evaluation.ball.matched import FrameOutcome, OutcomeType
from raasid.evaluation.slices import Slice, compute_slices
from raasid.stats.bootstrap import Estimate, Floats, bootstrap_sums, safe_divide

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
