"""What happens in the season: events in their order, and what each scene leaves for the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from raasid.deploy.verdict import GateVerdict
from raasid.evaluation.ball.result import BallResult
from raasid.stats.bootstrap import Estimate
from raasid.triggers.decision_record import Decision, Verdict
from raasid.triggers.retraining_history import Retraining

from .amounts import Amounts
from .ball_service import BallService, read_verdict
from .footage import KINDS, Kind, MatchCalendar, render_matches, store_week

_FINDINGS: dict[Verdict, str] = {
    "hold": "finds nothing wrong",
    "fire": "fires: it asks for a retraining",
    "wait": "waits",
    "cannot_tell": "cannot tell",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline."""

    week: int
    when: datetime
    title: str
    reason: str = ""
    happened: bool = True
    """False: something was looked at and left as it is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A retraining with the verdict of the gate."""

    week: int
    done: Retraining
    gate: GateVerdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """The first champion and the newest version on held-out matches of one kind."""

    kind: Kind
    before: BallResult
    after: BallResult


@dataclass(frozen=True, slots=True)
class LawChange:
    """Shares of clips that are decided as the new edition of the Laws wants it."""

    old_edition: str
    new_edition: str
    clips: int
    reversed: int
    """Clips whose decision the new edition reverses."""
    as_before: Estimate
    """The old version, if it goes on deciding by the old edition."""
    same_facts: Estimate
    """The old version, its facts decided by the new edition."""
    retrained: Estimate
    """The version that was trained on the new labels."""


@dataclass
class Season:
    """A season in a folder of its own, as the scenes play it."""

    root: Path
    amounts: Amounts
    ball: BallService
    events: list[Event] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    drift: Decision | None = None
    """The first decision in which the drift trigger fired, if any."""
    drift_week: int = 0
    law: LawChange | None = None
    calendars: dict[Kind, MatchCalendar] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """Where leagues are rendered."""
        return self.root / "data"

    def film(self, kind: Kind, first_week: int) -> MatchCalendar:
        """Render the matches of a kind, which is played from a week on until the last one."""
        weeks = self.amounts.last_week - first_week + 1
        self.calendars[kind] = render_matches(kind, self.amounts, weeks, self.data)
        return self.calendars[kind]

    def play_week(self, week: int) -> str:
        """Play the matches of a week and measure the version in service; return the dataset's name."""
        name = f"week_{week}"
        playing = [self.calendars[kind] for kind in KINDS if kind in self.calendars]
        store_week(self.ball.store, name, playing, self.amounts)
        self.ball.measure_week(week)
        return name

    def tell(self, week: int, when: datetime, title: str, reason: str = "", *, happened: bool = True) -> None:
        """Add an event to the timeline."""
        self.events.append(Event(week, when, title, reason, happened))

    def tell_check(self, week: int, when: datetime, decision: Decision) -> None:
        """Add what a check has found to the timeline."""
        name, fires = decision.trigger.replace("_", " "), decision.verdict == "fire"
        quiet = decision.trigger == "drift" and decision.verdict == "hold"
        reason = f"None of {len(decision.evidence)} features drifts." if quiet else decision.reason
        self.tell(week, when, f"The {name} trigger {_FINDINGS[decision.verdict]}", reason, happened=fires)

    def tell_retraining(self, week: int, when: datetime, done: Retraining | None, trained_on: str) -> None:
        """Add a retraining, and the verdict of the gate, to the timeline."""
        if done is None:
            self.tell(week, when, "No retraining follows", happened=False)
            return
        gate = read_verdict(self.root, done)
        self.outcomes.append(Outcome(week, done, gate))
        name = done.model.replace("_", " ")
        self.tell(
            week,
            when,
            f"A new {name} is trained: {done.action} retraining, on {trained_on}",
            f"Version {done.version}, in {done.gpu_hours * 60:.1f} minutes.",
        )
        passes = "The gate passes it, and it goes into service"
        refuses = "The gate refuses it, and the champion stays"
        self.tell(week, when, passes if done.promoted else refuses, f"{gate.reason}.")
