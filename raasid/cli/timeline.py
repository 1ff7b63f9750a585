"""The timeline of a loop: registry changes, decisions, retrainings and acknowledgements, the newest first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any, Literal

from raasid.cli.registry.log import MIRRORING, format_change
from raasid.errors import RaasidError
from raasid.registry.change_history import ChangeEntry, ChangeHistory
from raasid.registry.names import model_name
from raasid.registry.registry import Registry
from raasid.tasks import find_task
from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_store import DecisionStore, StoredDecision
from raasid.triggers.futility_marks import AcknowledgementUnreadable, FutilityMarks
from raasid.triggers.journal import JournalLine, read_journals
from raasid.triggers.retraining_history import Retraining

Kind = Literal["registry", "decision", "retraining", "acknowledgement"]
_TOLD_ELSEWHERE = ("train", "registered", "champion", "end")
"""Steps of a journal that the registry or the record of the retraining tells as well."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened."""

    when: datetime
    """UTC. Of a decision whose time of writing is not known: the beginning of its day."""
    kind: Kind
    what: str
    why: str
    by: str = ""
    """The person or process; empty for what only a trigger or a retraining does."""
    minor: bool = False
    """Whether it was not carried out, or another entry tells it as well."""
    day_only: bool = False
    """Whether the time of day is unknown."""
    details: dict[str, Any] = field(default_factory=dict)
    """The record itself, for programs."""

    @property
    def when_text(self) -> str:
        """The time in ISO 8601, or the day alone."""
        return self.when.date().isoformat() if self.day_only else self.when.isoformat()


class Timeline:
    """What can be read of three folders; unreadable records are collected in `damage`."""

    def __init__(self, registry: Registry, decisions: Path, retrainings: Path) -> None:
        self._changes = ChangeHistory(registry)
        self._decisions, self._retrainings = decisions, retrainings
        self._damage: list[RaasidError] = []

    @property
    def damage(self) -> list[RaasidError]:
        """What could not be read so far; entries are read only when it is their turn."""
        return [*self._changes.damage, *self._damage]

    def newest_first(
        self, model: str | None = None, since: datetime | None = None
    ) -> Iterator[TimelineEntry]:
        """Yield the entries of one model or of all, from `since` on."""
        # of one second: a decision is the oldest, and a retraining tells last what the registry did
        sources = (self._retrained(model), self._registry(model), self._decided(model, since))
        merged = heapq.merge(*sources, key=_second, reverse=True)
        return merged if since is None else takewhile(lambda entry: entry.when >= since, merged)

    def _registry(self, model: str | None) -> Iterator[TimelineEntry]:
        for change in self._changes.newest_first():
            if model is None or change.concerns(model):
                yield _of_change(change)

    def _decided(self, model: str | None, since: datetime | None) -> Iterator[TimelineEntry]:
        """Yield decisions day by day, so that older days are not read in vain."""
        damage: list[Any] = self._damage
        stored = DecisionStore(self._decisions).newest_first(model, damage)
        for day, of_day in groupby(stored, key=lambda found: found.day):
            if since is not None and day < since.date():
                break
            yield from sorted(map(_of_decision, of_day), key=_second, reverse=True)

    def _retrained(self, model: str | None) -> Iterator[TimelineEntry]:
        """Yield all steps and ends of retrainings: they are few."""
        damage: list[Any] = self._damage
        found = [_of_step(line) for line in read_journals(self._retrainings, model, damage)]
        found += [_of_retraining(past) for past in ClaimStore(self._retrainings).history(model, damage)]
        found += self._acknowledged(model)
        yield from sorted(found, key=_second)[::-1]

    def _acknowledged(self, model: str | None) -> Iterator[TimelineEntry]:
        marks = FutilityMarks(self._retrainings)
        for path in self._retrainings.glob(
            f"{'*' if model is None else model_name(model)}/acknowledged.json"
        ):
            name = path.parent.name
            try:
                records = marks.acknowledgements(name)
            except AcknowledgementUnreadable as error:
                self._damage.append(error)
                continue
            for each in records:
                what = f"{name} may be tried again"
                details = {"model": name}
                yield TimelineEntry(
                    each.time, "acknowledgement", what, each.reason, each.author, details=details
                )


def _second(entry: TimelineEntry) -> datetime:
    """Return the time to the second: journals know no more."""
    return entry.when.replace(microsecond=0)


def _of_change(change: ChangeEntry) -> TimelineEntry:
    return TimelineEntry(
        when=datetime.fromisoformat(change.time).astimezone(UTC),
        kind="registry",
        what=format_change(change) + ("" if change.carried_out else " (not carried out)"),
        why=change.reason,
        by=change.author,
        minor=not change.carried_out or change.action in MIRRORING,
        details={
            "action": change.action,
            "changes": change.changes,
            "version": change.version,
            "carried_out": change.carried_out,
        },
    )


def _of_decision(stored: StoredDecision) -> TimelineEntry:
    decision = stored.decision
    written = _time_on(stored.day, stored.path)
    asked = "" if decision.action is None else f", {decision.action}"
    subject = decision.model if decision.champion is None else f"{decision.model} {decision.champion}"
    return TimelineEntry(
        when=written or datetime.combine(stored.day, time(), UTC),
        kind="decision",
        what=f"{subject}: {decision.trigger} {decision.verdict.replace('_', ' ')}{asked}",
        why=decision.reason,
        day_only=written is None,
        details={"digest": decision.digest, **decision.model_dump(mode="json")},
    )


def _time_on(day: date, path: Path) -> datetime | None:
    """Return when a record was written; None if its file was written on another day, as a copy is."""
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return written if written.date() == day else None


def _of_step(line: JournalLine) -> TimelineEntry:
    return TimelineEntry(
        when=line.time,
        kind="retraining",
        what=f"{line.model}: {line.step}",
        why=line.what,
        minor=line.step in _TOLD_ELSEWHERE,
        details={"model": line.model, "decision": line.decision, "step": line.step},
    )


def _of_retraining(past: Retraining) -> TimelineEntry:
    made = f"{past.version} is champion" if past.promoted else f"{past.version or 'no version'}, not promoted"
    task = find_task(past.model)
    compared = ""
    if past.before is not None and past.after is not None:
        metric = "the retrain metric" if task is None else task.retrain_metric
        compared = f", {metric} {past.before:.3f} → {past.after:.3f}"
    return TimelineEntry(
        when=past.end,
        kind="retraining",
        what=f"{past.model}: retrained, {made}{compared}",
        why=f"{past.trigger} asked for it ({past.action}), decision {past.decision[:12]}",
        details=past.model_dump(mode="json"),
    )
