"""Trigger `drift`: current footage differs from what the champion was trained on.

`raasid.stats.drift` compares each feature; here its report becomes one decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import JsonValue

from raasid.triggers.decision_record import Decision, Verdict, without_champion
from raasid.triggers.schedule import ScheduleEntry

if TYPE_CHECKING:
    from raasid.stats.drift_report import DriftReport, FeatureDrift

_MAX_NAMED = 3


def decide_drift(
    entry: ScheduleEntry,
    champion: str | None,
    report: DriftReport | None,
    slot: str,
    *,
    inputs: Mapping[str, str],
    edition: str | None = None,
) -> Decision:
    """Ask for a retraining at `slot`, the next one of the cadence, if a feature drifts.

    report: None if the champion has no profile of its training data. inputs: digests of the current data and
    of the profile.
    """
    if champion is None:
        return without_champion(entry.model, "drift", inputs)
    verdict, reason = _conclude(f"{entry.model} {champion}", report, slot)
    return Decision(
        model=entry.model,
        trigger="drift",
        edition=edition,
        champion=champion,
        verdict=verdict,
        action="scheduled" if verdict == "fire" else None,
        reason=reason,
        evidence=[] if report is None else [_row(feature) for feature in report.features],
        thresholds={} if report is None else _thresholds(report),
        statistics={} if report is None else _statistics(report),
        inputs=dict(inputs),
        slot=slot if verdict == "fire" else None,
    )


def _conclude(version: str, report: DriftReport | None, slot: str) -> tuple[Verdict, str]:
    if report is None:
        return "cannot_tell", f"{version} has no profile of its training data: train it again to get one."
    drifting = [feature for feature in report.features if feature.verdict == "drift"]
    if drifting:
        named = ", ".join(f"{feature.name} by {feature.effect:.2f}" for feature in drifting[:_MAX_NAMED])
        more = f" and {len(drifting) - _MAX_NAMED} more" if len(drifting) > _MAX_NAMED else ""
        return "fire", (
            f"{len(drifting)} of {len(report.features)} features drifted from the training data of {version} "
            f"({named}{more}): it is retrained at the slot of {slot}."
        )
    verdict: Verdict = "hold" if report.verdict == "no drift" else "cannot_tell"
    return verdict, f"Compared with the training data of {version}: {report.sentence()}."


def _row(feature: FeatureDrift) -> dict[str, JsonValue]:
    return {
        "feature": feature.name,
        "kind": feature.kind,
        "effect": _rounded(feature.effect),
        "distance": _rounded(feature.distance),
        "p": _rounded(feature.p),
        "adjusted_p": _rounded(feature.adjusted_p),
        "rows": feature.rows,
        "reference_rows": feature.reference_rows,
        "verdict": feature.verdict.replace(" ", "_"),
    }


def _thresholds(report: DriftReport) -> dict[str, JsonValue]:
    return {
        "min_effect": report.min_effect,
        "false_discovery_rate": report.alpha,
        "permutations": report.permutations,
    }


def _statistics(report: DriftReport) -> dict[str, JsonValue]:
    return {
        "unit": report.unit,
        "units": report.units,
        "reference_units": report.reference_units,
        "smallest_p": _rounded(report.smallest_p),
        "more_units_needed": report.more_units_needed,
    }


def _rounded(value: float) -> float:
    """Round to six digits: the last ones differ between machines, and a record must not."""
    return float(f"{value:.6g}")
