"""The context model's estimates: every metric with its interval, in total and per slice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raasid.datasets.context.tracks_config import TrackSource
from raasid.evaluation.context.edition_consistency import flip_metrics
from raasid.evaluation.context.fact_metrics import fact_accuracy
from raasid.evaluation.context.matched import ClipOutcome
from raasid.evaluation.context.metrics import context_metrics, decision_metrics
from raasid.evaluation.context.probabilities import ece_by_chance
from raasid.evaluation.slices import Slice, compute_slices
from raasid.stats.bootstrap import NUM_RESAMPLES_SLOW, Estimate, Floats, bootstrap
from raasid.tasks import TASKS

PRIMARY_METRICS = tuple(reversed(TASKS["context"].primary_metrics))

AUXILIARY_METRICS = ("contact_within_2", "coverage", *PRIMARY_METRICS)
"""Metrics that are also estimated on the other kinds of tracks of the same evaluation."""


def estimate_metrics(outcomes: Sequence[ClipOutcome], seed: int) -> dict[str, Estimate]:
    """Estimate every metric, the primary ones last; `ece_by_chance` is a reference value for `ece`."""
    parts = (context_metrics(outcomes), fact_accuracy(outcomes), flip_metrics(outcomes))

    def metrics(weights: Floats) -> dict[str, Floats]:
        return {name: values for part in parts for name, values in part(weights).items()}

    estimates = bootstrap([outcome.match for outcome in outcomes], metrics, seed)
    accuracy = estimates["accuracy"]
    offence = np.array([outcome.prediction.offence for outcome in outcomes], np.float64)
    nan = float("nan")
    estimates["ece_by_chance"] = Estimate(ece_by_chance(offence, seed), nan, nan, accuracy.n, accuracy.unit)
    return {
        name: estimates[name]
        for name in (*(n for n in estimates if n not in PRIMARY_METRICS), *PRIMARY_METRICS)
    }


def estimate_auxiliary(
    outcomes: Sequence[ClipOutcome], source: TrackSource, seed: int
) -> dict[str, Estimate]:
    """Estimate the main metrics on other tracks of the same clips: `accuracy_truth_tracks`."""
    estimates = bootstrap([outcome.match for outcome in outcomes], context_metrics(outcomes), seed)
    return {f"{name}_{source}_tracks": estimates[name] for name in AUXILIARY_METRICS}


def count_clips(outcomes: Sequence[ClipOutcome]) -> dict[str, int]:
    """Count the samples."""
    return {
        "clips": len(outcomes),
        "offences": sum(outcome.truth == "offence" for outcome in outcomes),
        "matches": len({outcome.match for outcome in outcomes}),
    }


def slice_metrics(outcomes: Sequence[ClipOutcome], seed: int) -> list[Slice]:
    """Estimate the metrics of the decision per tag and per match."""
    return compute_slices(
        outcomes,
        count_clips,
        lambda part: bootstrap([o.match for o in part], decision_metrics(part), seed, NUM_RESAMPLES_SLOW),
    )
