"""The ball model's metrics, from the outcomes of frames.

Ratios come from `tallies`, a few sums per frame, so that a bootstrap can add them up again and
again without looking at frames. A metric whose denominator is empty is NaN, never 0.

Every ball metric of some frames, with its interval.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.ball.box_ap import box_ap
from raasid.evaluation.ball.curves import operating_curve
from raasid.evaluation.ball.matched import FrameOutcome, Kind
from raasid.evaluation.slices import Slice, slices
from raasid.stats.bootstrap import Estimate, bootstrap

Floats = NDArray[np.float64]

_KINDS = tuple(Kind)


def tallies(outcomes: Sequence[FrameOutcome]) -> Floats:
    """(N, 6) per frame: one column per `Kind` holding 0 or 1, then the frame's duration in minutes."""
    rows = np.zeros((len(outcomes), len(_KINDS) + 1))
    for row, outcome in zip(rows, outcomes, strict=True):
        row[_KINDS.index(outcome.kind)] = 1
        row[-1] = 1 / (60 * outcome.frame_rate_hz)
    return rows


def ratios(sums: Floats) -> dict[str, Floats]:
    """Metrics that are ratios, from tallies summed over frames: (..., 6) -> name -> (...).

    detection_rate: hits over frames with a visible ball.
    false_positives: mislocated and unwanted predictions per image; also per minute of footage,
        as if every frame of that footage fared like these.
    precision: hits over predictions; f1: harmonic mean of precision and detection_rate.
    *_wasb: as WASB's evaluator prints them; its recall leaves mislocated balls out.
    """
    hit, miss, mislocated, unwanted, true_negative, minutes = np.moveaxis(np.asarray(sums, float), -1, 0)
    false = mislocated + unwanted
    visible = hit + miss + mislocated
    images = visible + unwanted + true_negative
    return {
        "detection_rate": _over(hit, visible),
        "false_positives": _over(false, images),
        "false_positives_per_minute": _over(false, minutes),
        "precision": _over(hit, hit + false),
        "f1": _over(2 * hit, hit + false + visible),
        "recall_wasb": _over(hit, hit + miss),
        "f1_wasb": _over(2 * hit, 2 * hit + false + miss),
        "accuracy_wasb": _over(hit + true_negative, images),
    }


def ball_metrics(outcomes: Sequence[FrameOutcome]) -> dict[str, float]:
    """Every metric of the ball model; lengths are pixels at the reference width of 512.

    Beside `ratios`: ap, the area under precision over detection rate of the top candidate, whatever
    the threshold; ap_wasb, as WASB computes it from the predictions above the threshold; map50, COCO
    average precision at IoU 0.5 over all candidates and all visible balls; rmse_px over frames with
    a visible ball and a prediction, as WASB; mean_error_px over hits alone.
    """
    sums = tallies(outcomes).sum(axis=0)
    distances = np.array([o.distance_px for o in outcomes if o.kind in (Kind.HIT, Kind.MISLOCATED)])
    errors = np.array([o.distance_px for o in outcomes if o.kind is Kind.HIT])
    return {
        **{name: float(value) for name, value in ratios(sums).items()},
        "ap": operating_curve(outcomes, "top").average_precision,
        "ap_wasb": _ap_wasb(outcomes),
        "map50": box_ap(outcomes, iou=0.5),
        "rmse_px": float(np.sqrt(np.mean(distances**2))) if distances.size else float("nan"),
        "mean_error_px": float(errors.mean()) if errors.size else float("nan"),
    }


def _over(numerator: Floats, denominator: Floats) -> Floats:
    return np.asarray(
        np.where(denominator > 0, numerator / np.where(denominator > 0, denominator, 1), np.nan)
    )


def _ap_wasb(outcomes: Sequence[FrameOutcome]) -> float:
    """Mean precision at the hits, over hits and misses; equal scores are ranked with the wrong first."""
    ranked = sorted(
        (-o.score, o.kind is Kind.HIT)
        for o in outcomes
        if o.kind in (Kind.HIT, Kind.MISLOCATED, Kind.UNWANTED)
    )
    hit = np.array([is_hit for _, is_hit in ranked], bool)
    positives = int(hit.sum()) + sum(o.kind is Kind.MISS for o in outcomes)
    if positives == 0:
        return float("nan")
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    return float(precision[hit].sum() / positives)


def estimate_ball(outcomes: Sequence[FrameOutcome], seed: int) -> dict[str, Estimate]:
    """Every ball metric; the ratios with intervals, the others with the value alone."""
    matches = [outcome.match for outcome in outcomes]
    with_interval = bootstrap(tallies(outcomes), matches, ratios, seed)
    nan = float("nan")
    some = next(iter(with_interval.values()))
    return {
        name: with_interval.get(name, Estimate(value, nan, nan, some.n, some.unit))
        for name, value in ball_metrics(outcomes).items()
    }


def count_ball(outcomes: Sequence[FrameOutcome]) -> dict[str, int]:
    """What the figures stand on; detection_rate on the frames with a visible ball."""
    return {
        "frames": len(outcomes),
        "with ball": sum(outcome.truth is not None for outcome in outcomes),
        "matches": len({outcome.match for outcome in outcomes}),
    }


def ball_slices(outcomes: Sequence[FrameOutcome], seed: int) -> list[Slice]:
    """The metrics per tag and per match."""
    return slices(outcomes, count_ball, lambda part: estimate_ball(part, seed))
