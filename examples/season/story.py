"""What happens in the season: events in their order, and how well the champion did in each week."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from raasid.console.terminal import out
from raasid.deploy.verdict import GateRefused
from raasid.evaluation.ball.result import BallResult
from raasid.io.atomic import write_atomic
from raasid.registry.names import CHAMPION
from raasid.registry.registry import Registry
from raasid.stats.bootstrap import Estimate
from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_record import Decision
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.retraining_history import Retraining

from .amounts import SCHEDULE, Amounts
from .commands import raasid, registry

MODEL = "ball_model"
Light = Literal["day", "night"]
LIGHTS: tuple[Light, ...] = get_args(Light)
FIRST_DAY = datetime(2026, 8, 3, 3, tzinfo=UTC)
"""A Monday: the hour at which weekly slots begin."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline."""

    week: int
    title: str
    reason: str = ""
    happened: bool = True
    """False: something was looked at and left as it is."""


@dataclass(frozen=True, slots=True)
class WeekOfChampion:
    """How many of the visible balls the version in service found in a week's matches."""

    week: int
    light: Light
    version: str
    detection_rate: Estimate


@dataclass(frozen=True, slots=True)
class Comparison:
    """The first champion and the newest version on held-out matches of one light."""

    light: Light
    before: BallResult
    after: BallResult


@dataclass
class Season:
    """A season in a folder of its own, as the scenes play it."""

    root: Path
    amounts: Amounts
    week: int = 0
    events: list[Event] = field(default_factory=list)
    weeks: list[WeekOfChampion] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    gate: dict[str, Any] = field(default_factory=dict)
    """The newest verdict of the gate, as it is in its file."""

    @property
    def store(self) -> Path:
        """The dataset store."""
        return self.root / "store"

    @property
    def data(self) -> Path:
        """Where leagues are rendered."""
        return self.root / "data"

    @property
    def champion(self) -> str:
        """The version in service."""
        return str(Registry(self.root / "registry").alias(MODEL, CHAMPION))

    def tell(self, title: str, reason: str = "", *, happened: bool = True) -> None:
        """Add an event of this week to the timeline."""
        self.events.append(Event(self.week, title, reason, happened))

    def dataset_words(self, dataset: str) -> list[str]:
        """Return the overrides that name a stored dataset."""
        return ["data=store", f"data.dataset={dataset}", f"data.root={self.store}", "data.league=null"]

    def training_words(self, dataset: str, epochs: int) -> list[str]:
        """Return the overrides of a training of the small ball model.

        Nothing imitates other light, so that what a model knows of the night is what it has seen of it.
        """
        amounts = self.amounts
        return [
            *self.dataset_words(dataset),
            "data.size=[320,184]", "data.eval_scale=1.0", "data.crop=96", "data.batch_size=32",
            "data.augment.zoom=0.2", "data.augment.spots=0", "data.augment.blur=0", "data.augment.noise=0",
            "data.augment.brightness=0", "data.augment.contrast=0", "data.augment.color=0",
            f"data.samples_per_epoch={amounts.samples}", f"model.channels={amounts.channels}",
            "model.max_false_positives=0.2",
            "optimizer=muon", "optimizer.lr=0.006",
            f"trainer.max_epochs={epochs}", f"trainer.check_val_every_n_epoch={epochs}",
        ]  # fmt: skip

    def write_schedule(self) -> None:
        """Write the schedule: the ball model is looked at every week."""
        text = (
            "# The small ball model of the season, looked at every week.\n"
            f"models: {{{MODEL}: {{schedule: weekly, trigger_threshold: {self.amounts.threshold}, "
            "evaluation_metrics: [detection_rate, false_positives]}}\n"
        )
        write_atomic(self.root / SCHEDULE, text)

    def train_first(self, dataset: str) -> None:
        """Train the first champion and put it in service."""
        words = (*self.training_words(dataset, self.amounts.first_epochs), f"paths.root={self.root}")
        raasid("train", *words, run_dir=self.root / "logs" / "first")
        reason = "the first of the season"
        registry(
            "--registry", str(self.root / "registry"),
            "alias", MODEL, CHAMPION, "latest", "--reason", reason,
        )  # fmt: skip

    def check(self, dataset: str) -> Decision:
        """Let `raasid check` judge the champion on a week's matches; return its decision."""
        known = {decision.digest for decision in self._decisions()}
        raasid("check", *self._check_words(dataset), run_dir=self._run_dir("check", dataset))
        (decision,) = (decision for decision in self._decisions() if decision.digest not in known)
        return decision

    def retrain(self, dataset: str, train_on: str) -> Retraining | None:
        """Let `raasid retrain` act on a week's matches; return what it did, None if it did nothing."""
        words = ", ".join(f"'{word}'" for word in self.training_words(train_on, self.amounts.epochs))
        try:
            raasid(
                "retrain",
                *self._check_words(dataset),
                f"retrain.train={{{MODEL}: [{words}]}}",
                f"deploy.gate.min_matches={self.amounts.min_matches}",
                f"deploy.gate.margin={self.amounts.margin}",
                f"deploy.gate.anchor_margin={max(0.03, self.amounts.margin)}",
                run_dir=self._run_dir("retrain", dataset),
            )
        except GateRefused as refused:  # its verdict is on the disk, and told
            out().print(str(refused), markup=False)
        done = ClaimStore(self.root / "retrainings").history(MODEL)
        return done[-1] if done else None

    def gate_verdict(self, done: Retraining) -> dict[str, Any]:
        """Return what the gate found in a retraining."""
        path = self.root / "retrainings" / MODEL / "runs" / done.decision[:12] / "gate.json"
        self.gate = json.loads(path.read_text(encoding="utf-8"))
        return self.gate

    def measure_week(self, light: Light, decision: Decision) -> None:
        """Keep what a check has measured for the chart."""
        row = decision.evidence[0]
        ends = float(str(row["value"])), float(str(row["low"])), float(str(row["high"]))
        estimate = Estimate(*ends, n=int(str(row["n"])), unit="match")
        self.weeks.append(WeekOfChampion(self.week, light, str(decision.champion), estimate))

    def compare(self, light: Light, dataset: str, before: str, after: str) -> None:
        """Measure two versions on the test matches of a dataset with `raasid evaluate`."""
        run_dir = self._run_dir("evaluate", dataset)
        words = [f"version={MODEL}@{after}", f"against={MODEL}@{before}", *self.dataset_words(dataset)]
        raasid("evaluate", *words, f"paths.root={self.root}", run_dir=run_dir)
        results = (BallResult.read(run_dir / name) for name in ("against.json", "metrics.json"))
        self.comparisons.append(Comparison(light, *results))

    def _check_words(self, dataset: str) -> list[str]:
        return [
            *self.dataset_words(dataset),
            f"models=[{MODEL}]",
            "trigger=performance",
            f"trigger.schedule={self.root / SCHEDULE}",
            f"trigger.as_of={(FIRST_DAY + timedelta(weeks=self.week)).isoformat()}",
            f"trigger.performance.min_matches={self.amounts.min_matches}",
            f"paths.root={self.root}",
        ]

    def _run_dir(self, verb: str, dataset: str) -> Path:
        return self.root / "logs" / f"week_{self.week}_{verb}_{dataset}"

    def _decisions(self) -> Sequence[Decision]:
        store = DecisionStore(self.root / "decisions")
        return [stored.decision for stored in store.newest_first(MODEL)]
