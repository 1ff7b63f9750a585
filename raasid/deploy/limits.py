"""Limits of further metrics: false positives, latency, calibration, season flips."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from raasid.deploy.options import GateOptions
from raasid.deploy.verdict import Finding, GateRow
from raasid.evaluation.paired import PairedEvaluation, PairedMetric
from raasid.stats.bootstrap import Estimate

LimitRule = Literal["limit", "end to end, limit"]
LATENCY = "latency_p95"


@dataclass(frozen=True, slots=True)
class _Limit:
    """How a field of `GateLimits` is meant."""

    is_share: bool
    """Of the champion's value, not absolute."""
    without: str
    """Why there may be no such metric."""
    free: float = 0.0
    """May be added in any case: of a champion that has next to none, a share is next to nothing."""


_LIMITS = {
    "false_positives_per_minute": _Limit(True, "measured for ball models only", free=15.0),
    LATENCY: _Limit(True, "not timed for both models under the same conditions", free=1.0),
    "ece": _Limit(False, "measured for context models only"),
    "season_flips": _Limit(False, "measured for context models only"),
}


def judge_limits(rule: LimitRule, comparison: PairedEvaluation, options: GateOptions) -> Iterator[GateRow]:
    """Judge each limit; end to end only those that the decisions have."""
    for name, limit in _LIMITS.items():
        excess: float | None = getattr(options.limits, name)
        metric = comparison.others.get(name)
        if excess is None:
            yield _skipped(rule, name, "switched off")
        elif metric is not None:
            yield _judge_metric(rule, comparison, metric, excess, options)
        elif rule == "limit" and name == LATENCY and comparison.latency_ms is not None:
            yield _judge_latency(rule, comparison.latency_ms, excess)
        elif rule == "limit":
            yield _skipped(rule, name, limit.without)


def _judge_metric(
    rule: LimitRule, comparison: PairedEvaluation, metric: PairedMetric, excess: float, options: GateOptions
) -> GateRow:
    """Refuse a loss that is larger than allowed, if the paired test shows that there is one."""
    difference = comparison.difference(metric)
    sign = 1 if metric.better == "lower" else -1
    allowed = sign * _allowed(metric.name, difference.first, excess)
    p_no_loss = difference.p_at_most(0) if sign > 0 else difference.p_at_least(0)
    finding: Finding = "met"
    if difference.matches < options.min_matches:
        finding = "not enough matches"
    elif not difference.is_defined:
        finding = "undefined"
    elif sign * (difference.value - allowed) > 0 and p_no_loss <= options.alpha:
        finding = "not met"
    low, high = difference.interval(options.alpha)
    return GateRow(
        rule=rule,
        metric=metric.name,
        finding=finding,
        passes=finding in ("met", "not enough matches"),
        champion=difference.first,
        challenger=difference.second,
        low=low,
        high=high,
        allowed=allowed,
        matches=difference.matches,
    )


def _judge_latency(rule: LimitRule, times: tuple[Estimate, Estimate], excess: float) -> GateRow:
    """Refuse a time whose whole interval is above the allowed one: the times are not paired."""
    champion, challenger = times
    surely = challenger.value if math.isnan(challenger.low) else challenger.low
    allowed = _allowed(LATENCY, champion.value, excess)
    passes = surely <= champion.value + allowed
    return GateRow(
        rule=rule,
        metric=LATENCY,
        finding="met" if passes else "not met",
        passes=passes,
        champion=champion.value,
        challenger=challenger.value,
        allowed=allowed,
        note=f"milliseconds, over {challenger.n} frames",
    )


def _allowed(name: str, champion: float, excess: float) -> float:
    limit = _LIMITS[name]
    return max(limit.free, excess * (abs(champion) if limit.is_share else 1.0))


def _skipped(rule: LimitRule, name: str, why: str) -> GateRow:
    return GateRow(rule=rule, metric=name, finding="skipped", passes=True, note=why)
