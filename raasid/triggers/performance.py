"""Trigger `performance`: is a champion worse than its threshold, beyond what chance explains?

The retrain metric fires when its whole interval is below the threshold. Every other watched metric alarms
when its interval and that of the champion's registration do not overlap, on the worse side. A time is left to
`slower_than_registered`: it differs from run to run and would make another record each time, it depends on
the machine and its load, and no retraining shortens it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import JsonValue

from raasid.config.section import Count, Section
from raasid.registry.records import MetricValue
from raasid.tasks import Metric, Task
from raasid.triggers.decision_record import Decision, Verdict, without_champion
from raasid.triggers.label_free import WithoutLabels, describe_estimate, estimate_row
from raasid.triggers.schedule import ScheduleEntry

if TYPE_CHECKING:
    from raasid.stats.bootstrap import Estimate

Row = dict[str, Any]
_NO_LABELS = "the data hold no labels for it"
RowVerdict = Literal["below", "above", "straddles", "worse", "not_worse", "unknown", "not_recorded"]


class PerformanceRule(Section):
    """When a measurement suffices for a decision."""

    min_matches: Count = 5
    """Fewer matches than this decide nothing, as the interval of so few is too narrow.

    Simulated with a model that is exactly at its threshold, 2 matches fire in 21 % of checks, 5 in 6 %, 10 in
    4 %; nominal are 2.5 %.
    """
    label_free: Literal["off", "report", "act"] = "report"
    """Where labels are missing: estimate the accuracy from the model's own probabilities, and report it; or
    also act on it, if its whole interval is below the threshold. It assumes that the probabilities are still
    calibrated, which is least certain when footage has changed, and a training needs labels: hence `report`.
    """


class Interval(Protocol):
    """A value with its 95 % interval; ends are None or NaN where there is none."""

    @property
    def value(self) -> float:
        """The value."""
        ...

    @property
    def low(self) -> float | None:
        """The lower end."""
        ...

    @property
    def high(self) -> float | None:
        """The upper end."""
        ...


def decide_performance(
    entry: ScheduleEntry,
    champion: str | None,
    measured: Mapping[str, Estimate],
    registered: Mapping[str, MetricValue],
    *,
    inputs: Mapping[str, str],
    edition: str | None = None,
    slot: str | None = None,
    rule: PerformanceRule | None = None,
    without_labels: WithoutLabels | None = None,
) -> Decision:
    """Judge a champion by metrics measured on labelled data that it was not trained on.

    measured: metric -> estimate over matches, now; empty without labels, for which `without_labels` then
    stands in as far as `rule` lets it. registered: metric -> value at the champion's
    registration. inputs: digests of the labelled data, at least. slot: of the regular evaluation.
    """
    if champion is None:
        return without_champion(entry.model, "performance", inputs)
    rule = rule or PerformanceRule()
    first = measured.get(entry.retrain_metric)
    labelled = first is not None and not math.isnan(first.value)
    rows = [_threshold_row(entry, first if labelled else None, rule)]
    rows += [
        _comparison_row(
            entry.task, name, measured.get(name) if labelled else None, registered.get(name), rule
        )
        for name in entry.other_metrics
    ]
    verdict, reason = _conclude(entry, champion, rows)
    statistics: dict[str, JsonValue] = {}
    if without_labels is not None and rule.label_free != "off":
        row = {}
        if without_labels.estimate is not None:
            row = estimate_row(without_labels, entry.threshold, rule.min_matches)
            rows.append(row)
        if verdict == "cannot_tell" and rows[0]["verdict"] == "unknown":
            reason = f"{reason} {describe_estimate(without_labels, row)}"
            if rule.label_free == "act" and row.get("verdict") == "below":
                verdict, statistics = "fire", {"estimated": True}
                reason += f" All of the interval is below {entry.threshold:g}."
    return Decision(
        model=entry.model,
        trigger="performance",
        edition=edition,
        champion=champion,
        verdict=verdict,
        action="immediate" if verdict == "fire" else None,
        reason=reason,
        evidence=rows,
        statistics=statistics,
        thresholds={entry.retrain_metric: entry.threshold, "min_matches": rule.min_matches},
        inputs=dict(inputs),
        slot=slot,
    )


def has_enough(now: Estimate | None, rule: PerformanceRule) -> bool:
    """Whether a metric was measured on enough matches for a decision."""
    return "why" not in _measured_row("", now, rule)


def slower_than_registered(
    entry: ScheduleEntry, measured: Mapping[str, Estimate], registered: Mapping[str, MetricValue]
) -> list[str]:
    """Return a sentence, for a person, for each watched time that got worse beyond both intervals."""
    found = []
    for name in entry.other_metrics:
        now, before = measured.get(name), registered.get(name)
        if _metric(entry.task, name).reproducible or now is None or before is None:
            continue
        if _is_worse(entry.task, name, now, before):
            found.append(
                f"{name} of {entry.model} is {_interval(now)} and was {_interval(before)} at its "
                "registration; retraining does not change it: compare the machines and their load."
            )
    return found


def _threshold_row(entry: ScheduleEntry, now: Estimate | None, rule: PerformanceRule) -> Row:
    row = _measured_row(entry.retrain_metric, now, rule) | {"threshold": entry.threshold}
    if now is None or "why" in row:
        return row | {"verdict": "unknown"}
    verdict: RowVerdict = "straddles"
    if now.high < entry.threshold:
        verdict = "below"
    elif now.low >= entry.threshold:
        verdict = "above"
    return row | {"verdict": verdict}


def _comparison_row(
    task: Task, name: str, now: Estimate | None, before: MetricValue | None, rule: PerformanceRule
) -> Row:
    if not _metric(task, name).reproducible:
        return {"metric": name, "verdict": "not_recorded", "why": "a time differs from run to run"}
    row = _measured_row(name, now, rule)
    if before is not None:
        row["registered"] = {"value": before.value, "low": before.low, "high": before.high}
    if now is None or "why" in row:
        return row | {"verdict": "unknown"}
    if before is None or _ends(before) is None:
        return row | {"verdict": "unknown", "why": "it was registered without an interval"}
    return row | {"verdict": "worse" if _is_worse(task, name, now, before) else "not_worse"}


def _is_worse(task: Task, name: str, now: Interval, before: Interval) -> bool:
    ends_now, ends_before = _ends(now), _ends(before)
    if ends_now is None or ends_before is None:
        return False
    if _metric(task, name).better == "higher":
        return ends_now[1] < ends_before[0]
    return ends_now[0] > ends_before[1]


def _metric(task: Task, name: str) -> Metric:
    return next(metric for metric in task.metrics if metric.name == name)


def _measured_row(name: str, now: Estimate | None, rule: PerformanceRule) -> Row:
    """Return a metric as it was measured; `why` says why it allows no decision."""
    if now is None:
        return {"metric": name, "why": _NO_LABELS}
    if math.isnan(now.value):
        return {"metric": name, "why": "it is undefined on these data"}
    row = {"metric": name, "value": now.value, "low": now.low, "high": now.high, "n": now.n, "unit": now.unit}
    if _ends(now) is None:
        return row | {"why": "it has no interval"}
    if now.unit != "match":
        return row | {"why": f"its interval is over {now.n} {now.unit}s of fewer than 2 matches"}
    if now.n < rule.min_matches:
        return row | {"why": f"it was measured on {now.n} matches, and {rule.min_matches} are needed"}
    return row


def _conclude(entry: ScheduleEntry, champion: str, rows: Sequence[Row]) -> tuple[Verdict, str]:
    first, *others = rows
    name = f"{entry.retrain_metric} of {entry.model} {champion}"
    worse = [row for row in others if row["verdict"] == "worse"]
    if first["verdict"] == "below":
        return "fire", f"{name} is {_text(first)}: all of the interval is below {entry.threshold:g}."
    if worse:
        named = "; ".join(
            f"{row['metric']} is {_text(row)} and was {_text(row['registered'])} at its registration"
            for row in worse
        )
        return "fire", f"{entry.model} {champion} got worse beyond both intervals: {named}."
    if first["verdict"] == "unknown":
        return "cannot_tell", f"{name} cannot be compared with its threshold: {first['why']}."
    if first["verdict"] == "straddles":
        side = "below" if first["value"] < entry.threshold else "not below"
        return "cannot_tell", (
            f"{name} is {_text(first)}, {side} the threshold of {entry.threshold:g}, "
            f"but with {first['n']} matches the interval reaches both sides of it."
        )
    return "hold", f"{name} is {_text(first)}: all of the interval is at or above {entry.threshold:g}."


def _text(row: Mapping[str, Any]) -> str:
    text = f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f}"
    return f"{text}, {row['n']} matches)" if "n" in row else f"{text})"


def _interval(found: Interval) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _ends(interval: Interval) -> tuple[float, float] | None:
    """Return the ends of an interval; None if it lacks one."""
    low, high = interval.low, interval.high
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return None
    return low, high
