"""Every pose metric of some frames, with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.pose.average_precision import (
    Ranking,
    average_precision,
    average_recall,
    resampled_precision,
)
from raasid.evaluation.pose.joint_errors import PCK_REACH
from raasid.evaluation.pose.matched import PoseOutcome
from raasid.evaluation.pose.matching import SIZES
from raasid.evaluation.slices import Slice, slices
from raasid.stats.bootstrap import MATCH_RESAMPLES, Estimate, Resampling, bootstrap

Floats = NDArray[np.float64]

SLICE_RESAMPLES = 200
_AP50, _AP75 = 0, 5
"""Rows of `THRESHOLDS`."""


def estimate_pose(
    outcomes: Sequence[PoseOutcome], seed: int, resamples: int = MATCH_RESAMPLES, sizes: bool = True
) -> dict[str, Estimate]:
    """Every metric of accuracy; sizes: with those of small, medium and large persons apart."""
    draw = Resampling.draw([outcome.match for outcome in outcomes], seed, resamples=resamples)
    own = Ranking.of([o.own for o in outcomes])
    estimates = _precision(own, draw, "")
    estimates["AR"] = draw.estimate(average_recall(own), _recalls(own, draw))
    for number, size in enumerate(SIZES):
        if sizes and size != "all":
            ranking = Ranking.of([o.own for o in outcomes], number)
            estimates[f"AP_{size}"] = _precision(ranking, draw, "")["mAP"]
    estimates["AP_arms"] = _precision(Ranking.of([o.arms for o in outcomes]), draw, "")["mAP"]
    well_seen = _precision(Ranking.of([o.well_seen for o in outcomes]), draw, "_well_seen")
    estimates |= {name: e for name, e in well_seen.items() if not name.startswith("AP75")}
    estimates |= _precision(Ranking.of([o.at for o in outcomes]), draw, "_at_truth")
    estimates["arm_error"] = _arm_error(outcomes, draw)
    matches = [outcome.match for outcome in outcomes]
    return estimates | bootstrap(_tallies(outcomes), matches, _ratios, seed)


def count_people(outcomes: Sequence[PoseOutcome]) -> dict[str, int]:
    """What the figures stand on: persons with at least one labelled joint."""
    return {
        "frames": len(outcomes),
        "persons": sum(int(o.truth.wanted.sum()) for o in outcomes),
        "matches": len({o.match for o in outcomes}),
    }


def pose_slices(outcomes: Sequence[PoseOutcome], seed: int) -> list[Slice]:
    """The metrics per tag and per match."""
    return slices(outcomes, count_people, lambda part: estimate_pose(part, seed, SLICE_RESAMPLES, False))


def _precision(ranking: Ranking, draw: Resampling, suffix: str) -> dict[str, Estimate]:
    values, spread = average_precision(ranking), resampled_precision(ranking, draw.of, draw.weights)
    named = {
        "mAP": (values.mean(), spread.mean(axis=1)),
        "AP50": (values[_AP50], spread[:, _AP50]),
        "AP75": (values[_AP75], spread[:, _AP75]),
    }
    return {f"{name}{suffix}": draw.estimate(float(value), s) for name, (value, s) in named.items()}


def _recalls(ranking: Ranking, draw: Resampling) -> Floats:
    units = draw.weights.shape[1]
    found = np.bincount(draw.of[ranking.frame], ranking.right.mean(axis=0), units)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(draw.weights @ found / (draw.weights @ np.bincount(draw.of, ranking.wanted, units)))


def _arm_error(outcomes: Sequence[PoseOutcome], draw: Resampling) -> Estimate:
    errors = [100 * o.joints.forearm[~np.isnan(o.joints.forearm)] for o in outcomes]
    frame = np.repeat(np.arange(len(outcomes)), [len(e) for e in errors])
    flat = np.concatenate([np.zeros(0), *errors])
    value = float(np.median(flat)) if flat.size else float("nan")
    return draw.estimate(value, draw.medians(flat, frame))


def _tallies(outcomes: Sequence[PoseOutcome]) -> Floats:
    """(F, 6): joints within reach, joints; pairs swapped, pairs; persons found, persons."""
    rows = np.zeros((len(outcomes), 6))
    for row, o in zip(rows, outcomes, strict=True):
        torso, swapped, wanted = o.joints.torso, o.joints.swapped, o.truth.wanted
        row[:] = (
            (torso <= PCK_REACH).sum(), (~np.isnan(torso)).sum(),
            np.nansum(swapped), (~np.isnan(swapped)).sum(),
            (o.found & wanted).sum(), wanted.sum(),
        )  # fmt: skip
    return rows


def _ratios(sums: Floats) -> dict[str, Floats]:
    names = ("pck_torso", "swap_rate", "found")
    with np.errstate(invalid="ignore", divide="ignore"):
        return {name: sums[..., 2 * k] / sums[..., 2 * k + 1] for k, name in enumerate(names)}
