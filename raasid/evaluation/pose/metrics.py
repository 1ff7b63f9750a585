"""The pose model's metrics with intervals, from the outcomes of frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raasid.evaluation.pose.average_precision import (
    Ranking,
    average_precision,
    average_recall,
    resampled_precision,
)
from raasid.evaluation.pose.matched import PCK_TORSOS, PoseOutcome
from raasid.evaluation.pose.matching import SIZES
from raasid.evaluation.result import Slice, compute_slices
from raasid.stats.bootstrap import NUM_RESAMPLES_SLOW, Estimate, Floats, Resampling, bootstrap_sums

SLICE_RESAMPLES = 200
_AP50, _AP75 = 0, 5
"""Rows of `THRESHOLDS`."""


def estimate_metrics(
    outcomes: Sequence[PoseOutcome], seed: int, num_resamples: int = NUM_RESAMPLES_SLOW, by_size: bool = True
) -> dict[str, Estimate]:
    """Estimate every metric of accuracy; by_size: with AP of small, medium and large persons."""
    draw = Resampling.draw([outcome.match for outcome in outcomes], seed, num_resamples=num_resamples)
    ranking = Ranking.build([o.matches for o in outcomes])
    estimates = _precision(ranking, draw, "")
    estimates["AR"] = draw.estimate(average_recall(ranking), _resampled_recall(ranking, draw))
    for number, size in enumerate(SIZES):
        if by_size and size != "all":
            its_ranking = Ranking.build([o.matches for o in outcomes], number)
            estimates[f"AP_{size}"] = _precision(its_ranking, draw, "")["mAP"]
    estimates["AP_arms"] = _precision(Ranking.build([o.arm_matches for o in outcomes]), draw, "")["mAP"]
    well_seen = _precision(Ranking.build([o.well_seen_matches for o in outcomes]), draw, "_well_seen")
    estimates |= {name: e for name, e in well_seen.items() if not name.startswith("AP75")}
    estimates |= _precision(Ranking.build([o.at_truth_matches for o in outcomes]), draw, "_at_truth")
    estimates["arm_error"] = _arm_error(outcomes, draw)
    matches = [outcome.match for outcome in outcomes]
    return estimates | bootstrap_sums(_tallies(outcomes), matches, _ratios, seed)


def count_persons(outcomes: Sequence[PoseOutcome]) -> dict[str, int]:
    """Count the samples; persons are those with at least one labelled joint."""
    return {
        "frames": len(outcomes),
        "persons": sum(int(o.truth.is_target.sum()) for o in outcomes),
        "matches": len({o.match for o in outcomes}),
    }


def slice_metrics(outcomes: Sequence[PoseOutcome], seed: int) -> list[Slice]:
    """Estimate the metrics per tag and per match."""
    return compute_slices(
        outcomes, count_persons, lambda part: estimate_metrics(part, seed, SLICE_RESAMPLES, False)
    )


def _precision(ranking: Ranking, draw: Resampling, suffix: str) -> dict[str, Estimate]:
    values, resampled = (
        average_precision(ranking),
        resampled_precision(ranking, draw.unit_of_row, draw.weights),
    )
    named = {
        "mAP": (values.mean(), resampled.mean(axis=1)),
        "AP50": (values[_AP50], resampled[:, _AP50]),
        "AP75": (values[_AP75], resampled[:, _AP75]),
    }
    return {f"{name}{suffix}": draw.estimate(float(value), r) for name, (value, r) in named.items()}


def _resampled_recall(ranking: Ranking, draw: Resampling) -> Floats:
    correct = np.bincount(draw.unit_of_row[ranking.frame], ranking.correct.mean(axis=0), draw.num_units)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(
            draw.weights
            @ correct
            / (draw.weights @ np.bincount(draw.unit_of_row, ranking.num_targets, draw.num_units))
        )


def _arm_error(outcomes: Sequence[PoseOutcome], draw: Resampling) -> Estimate:
    errors = [100 * o.joint_errors.forearm[~np.isnan(o.joint_errors.forearm)] for o in outcomes]
    frame = np.repeat(np.arange(len(outcomes)), [len(e) for e in errors])
    flat = np.concatenate([np.zeros(0), *errors])
    value = float(np.median(flat)) if flat.size else float("nan")
    return draw.estimate(value, draw.medians(flat, frame))


def _tallies(outcomes: Sequence[PoseOutcome]) -> Floats:
    """(F, 6): joints within `PCK_TORSOS`, joints; pairs swapped, pairs; persons found, persons."""
    rows = np.zeros((len(outcomes), 6))
    for row, o in zip(rows, outcomes, strict=True):
        torso, swapped, is_target = o.joint_errors.torso, o.joint_errors.swapped, o.truth.is_target
        row[:] = (
            (torso <= PCK_TORSOS).sum(), (~np.isnan(torso)).sum(),
            np.nansum(swapped), (~np.isnan(swapped)).sum(),
            (o.is_found & is_target).sum(), is_target.sum(),
        )  # fmt: skip
    return rows


def _ratios(sums: Floats) -> dict[str, Floats]:
    names = ("pck_torso", "swap_rate", "found")
    with np.errstate(invalid="ignore", divide="ignore"):
        return {name: sums[..., 2 * k] / sums[..., 2 * k + 1] for k, name in enumerate(names)}
