"""A threshold that no retraining reaches must not cause retraining for ever.

After a number of retrainings without a gain the model waits: one attempt per new data set, or until a person
acknowledges that it shall be tried again. The alert is given once for each such period.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from raasid.config.section import Count, NonNegative, Section
from raasid.registry.record_chain import canonical_json, sha256_hex
from raasid.triggers.decision_record import Decision
from raasid.triggers.retraining_history import Retraining


class FutilityRule(Section):
    """When retraining has been shown not to help."""

    max_without_gain: Count = 3
    """Retrainings in a row without a gain, after which the model waits."""
    min_gain: NonNegative = 0.005
    """A gain is a retrain metric that exceeds the best one before by at least this (absolute)."""


class Futility(NamedTuple):
    """Whether a model waits, and whether a person is to be told."""

    wait: bool
    alert: bool
    """True once for each period without a gain."""
    alert_key: str
    """Identifies the period; remember it when the alert was given."""
    reason: str
    """Empty unless it waits."""
    without_gain: int
    """Retrainings since the last gain or acknowledgement."""


def judge_futility(
    model: str,
    metric: str,
    history: Sequence[Retraining],
    data_digest: str,
    *,
    alerted: Collection[str] = (),
    acknowledged: datetime | None = None,
    rule: FutilityRule | None = None,
) -> Futility:
    """Decide from past retrainings whether another one may help.

    metric: the retrain metric, for the reason. history: of any models, in any order. data_digest: of the data
    that would be trained on. alerted: keys of alerts that were given. acknowledged: when a person last asked
    for further attempts; earlier retrainings do not count.
    """
    rule = rule or FutilityRule()
    streak = _without_gain(_counting(model, history, acknowledged), rule)
    first = streak[0].decision if streak else ""
    key = sha256_hex(canonical_json({"model": model, "since": first}))
    tried = data_digest in {past.data_digest for past in streak}
    if len(streak) < rule.max_without_gain or not tried:
        return Futility(False, False, key, "", len(streak))
    best = max((past.after for past in streak if past.after is not None), default=None)
    reached = "" if best is None else f", the best reached {metric} {best:.3f}"
    reason = (
        f"{model} was retrained {len(streak)} times without gaining {rule.min_gain:g} in {metric}{reached}; "
        f"it waits for new data, or until a person says that it should be tried again (raasid retry {model})."
    )
    return Futility(True, key not in alerted, key, reason, len(streak))


def hold_back(decision: Decision, futility: Futility) -> Decision:
    """Return the decision that is recorded in place of one that asked for a futile retraining."""
    if not futility.wait or decision.verdict != "fire":
        return decision
    statistics = {**decision.statistics, "retrainings_without_gain": futility.without_gain}
    changes = {"verdict": "wait", "action": None, "reason": f"{decision.reason} But {futility.reason}"}
    return Decision.model_validate(decision.model_dump() | changes | {"statistics": statistics})


def ask_again(decision: Decision, asked: int) -> Decision:
    """Return the decision that is recorded after a person has asked for further attempts, `asked` times.

    It is another one than before, so that it may be acted upon although the one before was.
    """
    if not asked or decision.verdict != "fire":
        return decision
    statistics = {**decision.statistics, "attempts_asked_for": asked}
    return Decision.model_validate(decision.model_dump() | {"statistics": statistics})


def count_without_gain(
    model: str, history: Sequence[Retraining], acknowledged: datetime | None, rule: FutilityRule | None = None
) -> int:
    """Return how many retrainings there were since the last gain or acknowledgement."""
    return len(_without_gain(_counting(model, history, acknowledged), rule or FutilityRule()))


def _counting(model: str, history: Sequence[Retraining], acknowledged: datetime | None) -> list[Retraining]:
    """Return the retrainings of a model that count, the oldest first."""
    own = [past for past in history if past.model == model]
    own.sort(key=lambda past: (past.end, past.decision))
    return [past for past in own if acknowledged is None or past.end > acknowledged]


def _without_gain(history: Sequence[Retraining], rule: FutilityRule) -> list[Retraining]:
    """Return the retrainings since the last gain.

    A gain was promoted and exceeds the best before on the same data, as in early stopping: versions that are
    by turns a little worse and a little better are none.
    """
    streak: list[Retraining] = []
    best: float | None = None
    data = ""
    for past in history:
        if past.data_digest != data:
            best, data = past.before, past.data_digest
        gained = past.after is not None and (best is None or past.after >= best + rule.min_gain)
        if gained and past.promoted:
            best, streak = past.after, []
        else:
            streak.append(past)
    return streak
