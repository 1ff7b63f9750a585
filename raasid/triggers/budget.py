"""Cooldown and budget: how often, and how much, may be retrained."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from raasid.config.section import Count, NonNegative, Section
from raasid.triggers.retraining_history import Retraining

_WEEK = timedelta(days=7)


class RetrainingLimits(Section):
    """Limits of retraining; null: none."""

    cooldown_days: NonNegative = 1.0
    """Time between the end of a model's retraining and its next."""
    max_runs_per_week: Count | None = None
    """Retrainings of all models within seven days."""
    max_gpu_hours: NonNegative | None = None
    """GPU hours of all models within seven days; the run that exceeds them is still completed."""


def refusals(model: str, history: Sequence[Retraining], now: datetime, limits: RetrainingLimits) -> list[str]:
    """Return why a model may not be retrained now, a sentence each; empty if it may.

    history: ended retrainings of all models, in any order.
    """
    found = []
    last = max((past.end for past in history if past.model == model), default=None)
    cooldown = timedelta(days=limits.cooldown_days)
    if last is not None and now < last + cooldown:
        found.append(
            f"{model} was retrained until {_minute(last)} and cools down for "
            f"{_count(limits.cooldown_days, 'day')} (retrain.limits.cooldown_days): "
            f"it may be retrained from {_minute(last + cooldown)} on."
        )
    week = [past for past in history if past.end > now - _WEEK]
    if limits.max_runs_per_week is not None and len(week) >= limits.max_runs_per_week:
        oldest = sorted(past.end for past in week)[len(week) - limits.max_runs_per_week]
        found.append(
            f"{_count(len(week), 'retraining')} ended within seven days, and "
            f"{_are(limits.max_runs_per_week)} allowed (retrain.limits.max_runs_per_week): "
            f"the next may begin at {_minute(oldest + _WEEK)}."
        )
    hours = _hours(week)
    if limits.max_gpu_hours is not None and hours >= limits.max_gpu_hours:
        found.append(
            f"{hours:.3g} GPU hours were used within seven days, and {_are(limits.max_gpu_hours)} allowed "
            f"(retrain.limits.max_gpu_hours): {_when_below(limits.max_gpu_hours, week)}."
        )
    return found


def hours_left(history: Sequence[Retraining], now: datetime, limits: RetrainingLimits) -> float | None:
    """Return the GPU hours that may still be used within the seven days until now; None: any number."""
    if limits.max_gpu_hours is None:
        return None
    week = [past for past in history if past.end > now - _WEEK]
    return max(0.0, limits.max_gpu_hours - _hours(week))


def _hours(week: Sequence[Retraining]) -> float:
    return sum(past.gpu_hours for past in week)


def _when_below(max_gpu_hours: float, week: Sequence[Retraining]) -> str:
    """Say when enough of the hours of a week are longer ago."""
    left = sorted(week, key=lambda past: past.end)
    while left:
        oldest = left.pop(0)
        if _hours(left) < max_gpu_hours:
            return f"the next may begin at {_minute(oldest.end + _WEEK)}"
    return "no retraining may begin"


def _minute(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _count(number: float, noun: str) -> str:
    return f"{number:g} {noun}" + ("" if number == 1 else "s")


def _are(number: float) -> str:
    return f"{number:g} is" if number == 1 else f"{number:g} are"
