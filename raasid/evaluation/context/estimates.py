"""Estimates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.datasets.context.sample_meta import TracksFrom
from raasid.evaluation.context.edition_consistency import flip_metrics
from raasid.evaluation.context.fact_metrics import fact_accuracy
from raasid.evaluation.context.matched import ClipOutcome
from raasid.evaluation.context.metrics import context_metrics, decision_metrics
from raasid.evaluation.context.probabilities import error_by_chance
from raasid.evaluation.slices import Slice, slices
from raasid.stats.bootstrap import MATCH_RESAMPLES, Estimate, bootstrap_weighted
from raasid.tasks import TASKS

Floats = NDArray[np.float64]

LAST = tuple(reversed(TASKS["context"].primary_metrics))

BESIDE = ("contact_within_2", "coverage", *LAST)
"""What is told of further kinds of tracks, seen in the same evaluation."""


def estimate_context(outcomes: Sequence[ClipOutcome], seed: int) -> dict[str, Estimate]:
    """Every metric, the deciding ones last; `ece_by_chance` is no metric of the model but its yardstick."""
    parts = (context_metrics(outcomes), fact_accuracy(outcomes), flip_metrics(outcomes))

    def metrics(weights: Floats) -> dict[str, Floats]:
        return {name: values for part in parts for name, values in part(weights).items()}

    found = bootstrap_weighted([outcome.match for outcome in outcomes], metrics, seed)
    some = found["accuracy"]
    offence = np.array([outcome.judgement.offence for outcome in outcomes], np.float64)
    nan = float("nan")
    found["ece_by_chance"] = Estimate(error_by_chance(offence, seed), nan, nan, some.n, some.unit)
    return {name: found[name] for name in (*(n for n in found if n not in LAST), *LAST)}


def estimate_beside(outcomes: Sequence[ClipOutcome], source: TracksFrom, seed: int) -> dict[str, Estimate]:
    """The main metrics on other tracks of the same clips, named after these: `accuracy_truth_tracks`."""
    found = bootstrap_weighted([outcome.match for outcome in outcomes], context_metrics(outcomes), seed)
    return {f"{name}_{source}_tracks": found[name] for name in BESIDE}


def count_context(outcomes: Sequence[ClipOutcome]) -> dict[str, int]:
    """What the figures stand on."""
    return {
        "clips": len(outcomes),
        "offences": sum(outcome.truth == "offence" for outcome in outcomes),
        "matches": len({outcome.match for outcome in outcomes}),
    }


def context_slices(outcomes: Sequence[ClipOutcome], seed: int) -> list[Slice]:
    """The metrics of the decision per tag and per match."""
    return slices(
        outcomes,
        count_context,
        lambda part: bootstrap_weighted(
            [o.match for o in part], decision_metrics(part), seed, MATCH_RESAMPLES
        ),
    )
