"""Trigger `drift`: the footage differs from what the champion was trained on.

`raasid.stats.drift` judges each feature: it drifts if its effect is large enough and a permutation of matches
passes after correction over all features. Here the features become one decision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from pydantic import JsonValue

from raasid.triggers.decision_record import Decision, Verdict, without_champion
from raasid.triggers.schedule import ScheduleEntry

FeatureVerdict = Literal["drift", "no_drift", "too_few", "constant"]
_MAX_NAMED = 3


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """What a drift report says of one feature."""

    feature: str
    effect: float
    """Bias-corrected Wasserstein distance over the reference's standard deviation; NaN if it has none."""
    p_value: float
    """Of the permutation test, before correction; NaN if there was none."""
    verdict: FeatureVerdict
    matches: int
    """Current matches that have the feature."""
    reference_matches: int


def decide_drift(
    entry: ScheduleEntry,
    champion: str | None,
    features: Sequence[FeatureDrift],
    slot: str,
    *,
    inputs: Mapping[str, str],
    thresholds: Mapping[str, JsonValue],
    statistics: Mapping[str, JsonValue] | None = None,
    edition: str | None = None,
) -> Decision:
    """Ask for a retraining at `slot`, the next one of the cadence, if a feature drifts.

    thresholds: effect, false discovery rate, permutations and least number of matches of the report.
    statistics: other figures of the report. inputs: digests of the current data and of the reference profile.
    """
    if champion is None:
        return without_champion(entry.model, "drift", inputs)
    rows = sorted(features, key=_worst_first)
    verdict, reason = _conclude(entry.model, champion, rows, slot)
    return Decision(
        model=entry.model,
        trigger="drift",
        edition=edition,
        champion=champion,
        verdict=verdict,
        action="scheduled" if verdict == "fire" else None,
        reason=reason,
        evidence=[asdict(row) for row in rows],
        thresholds=dict(thresholds),
        statistics=dict(statistics or {}),
        inputs=dict(inputs),
        slot=slot if verdict == "fire" else None,
    )


def _worst_first(row: FeatureDrift) -> tuple[bool, float, str]:
    return row.verdict != "drift", -row.effect if not math.isnan(row.effect) else math.inf, row.feature


def _conclude(model: str, champion: str, rows: Sequence[FeatureDrift], slot: str) -> tuple[Verdict, str]:
    drifting = [row for row in rows if row.verdict == "drift"]
    judged = [row for row in rows if row.verdict in ("drift", "no_drift")]
    reference = f"the training data of {model} {champion}"
    if drifting:
        named = ", ".join(f"{row.feature} by {row.effect:.2f}" for row in drifting[:_MAX_NAMED])
        more = f" and {len(drifting) - _MAX_NAMED} more" if len(drifting) > _MAX_NAMED else ""
        return "fire", (
            f"{len(drifting)} of {_count(judged)} drifted from {reference} ({named}{more}, in its standard "
            f"deviations): it is retrained at the slot of {slot}."
        )
    if not judged:
        few = max((row.matches for row in rows), default=0)
        return "cannot_tell", f"No feature could be compared with {reference}: {few} matches are too few."
    return "hold", f"None of {_count(judged)} drifted from {reference}."


def _count(rows: Sequence[FeatureDrift]) -> str:
    return "1 feature" if len(rows) == 1 else f"{len(rows)} features"
