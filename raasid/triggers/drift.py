"""Trigger `drift`: current footage differs from what the champion was trained on.

`raasid.stats.drift` compares each feature; here its reports become one decision. There is a report for each
part that is compared: how the footage looks, what the model says of it. Each part is tested at the level
alpha divided by the number of parts (Bonferroni), so that without drift any of them alarms in at most alpha
of all checks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge
from pydantic import JsonValue

from raasid.config.section import Natural, NonNegative, Probability, Section
from raasid.triggers.decision_record import Decision, Verdict, without_champion
from raasid.triggers.schedule import ScheduleEntry

if TYPE_CHECKING:
    from raasid.stats.drift_by_slice import MixOrWorld
    from raasid.stats.drift_report import DriftReport, FeatureDrift

_MAX_NAMED = 3


class DriftTriggerRule(Section):
    """When a difference counts as drift."""

    alpha: Probability = 0.05
    """Upper limit of the chance of any alarm if nothing has changed."""
    min_effect: NonNegative = 0.10
    """Least shift: in standard deviations of the reference, or as a share of a category."""
    min_embedding_effect: NonNegative = 0.05
    """Least shift of the model's embeddings: maximum mean discrepancy, 0 (alike) to 1.4 (far apart)."""
    permutations: Annotated[int, Ge(1999)] = 1999
    """At least; with fewer, one drifting feature of many cannot pass the correction for their number."""
    seed: Natural = 0
    """Of the permutations."""


def decide_drift(
    entry: ScheduleEntry,
    champion: str | None,
    reports: Mapping[str, DriftReport],
    slot: str,
    *,
    inputs: Mapping[str, str],
    mixes: Mapping[str, MixOrWorld] | None = None,
    notes: Sequence[str] = (),
    edition: str | None = None,
) -> Decision:
    """Ask for a retraining at `slot`, the next one of the cadence, if a feature drifts.

    reports: by the part that was compared; none if the champion has no profile, or if there is nothing to
    compare it with, which notes then say. mixes: by the kind of slice (light, stadium, …), to tell a changed
    mix from a changed world. notes: sentences on what was left out. inputs: digests of the current data and
    of the profile.
    """
    if champion is None:
        return without_champion(entry.model, "drift", inputs)
    verdict, reason = _conclude(f"{entry.model} {champion}", reports, slot)
    explained = [f"By {kind}: {mix.sentence()}." for kind, mix in (mixes or {}).items()]
    features = [(part, feature) for part, report in reports.items() for feature in report.features]
    features.sort(key=lambda pair: _worst_first(pair[1]))
    return Decision(
        model=entry.model,
        trigger="drift",
        edition=edition,
        champion=champion,
        verdict=verdict,
        action="scheduled" if verdict == "fire" else None,
        reason=" ".join([reason, *(explained if verdict == "fire" else []), *notes]),
        evidence=[{"part": part, **_row(feature)} for part, feature in features],
        thresholds=_thresholds(reports),
        statistics={**{part: _statistics(report) for part, report in reports.items()}, **_mixes(mixes or {})},
        inputs=dict(inputs),
        slot=slot if verdict == "fire" else None,
    )


def _conclude(version: str, reports: Mapping[str, DriftReport], slot: str) -> tuple[Verdict, str]:
    if not reports:
        return "cannot_tell", f"{version} cannot be compared with the data that it was trained on."
    features = [feature for report in reports.values() for feature in report.features]
    drifting = [feature for feature in features if feature.verdict == "drift"]
    if drifting:
        drifting.sort(key=lambda feature: (-feature.effect, feature.name))
        named = ", ".join(f"{feature.name} by {feature.effect:.2f}" for feature in drifting[:_MAX_NAMED])
        more = f" and {len(drifting) - _MAX_NAMED} more" if len(drifting) > _MAX_NAMED else ""
        return "fire", (
            f"{len(drifting)} of {len(features)} features drifted from the training data of {version} "
            f"({named}{more}): it is retrained at the slot of {slot}."
        )
    held = all(report.verdict == "no drift" for report in reports.values())
    found = "; ".join(f"{part}: {report.sentence()}" for part, report in reports.items())
    return "hold" if held else "cannot_tell", f"Compared with the training data of {version}, {found}."


def _worst_first(feature: FeatureDrift) -> tuple[bool, bool, float, float, str]:
    undefined = math.isnan(feature.adjusted_p)
    return feature.verdict != "drift", undefined, feature.adjusted_p, -feature.effect, feature.name


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


def _thresholds(reports: Mapping[str, DriftReport]) -> dict[str, JsonValue]:
    if not reports:
        return {}
    return {
        "min_effect": {part: report.min_effect for part, report in reports.items()},
        "false_discovery_rate": {part: _rounded(report.alpha) for part, report in reports.items()},
        "permutations": {part: report.permutations for part, report in reports.items()},
    }


def _statistics(report: DriftReport) -> dict[str, JsonValue]:
    return {
        "unit": report.unit,
        "units": report.units,
        "reference_units": report.reference_units,
        "smallest_p": _rounded(report.smallest_p),
        "more_units_needed": report.more_units_needed,
    }


def _mixes(mixes: Mapping[str, MixOrWorld]) -> dict[str, JsonValue]:
    return {
        f"by {kind}": {
            "conclusion": mix.conclusion,
            "compared": list(mix.slices),
            "new": list(mix.new),
            "gone": list(mix.gone),
        }
        for kind, mix in mixes.items()
    }


def _rounded(value: float) -> float:
    """Round to six digits: the last ones differ between machines, and a record must not."""
    return float(f"{value:.6g}")
