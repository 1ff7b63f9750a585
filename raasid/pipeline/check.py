"""`raasid check`: every trigger decides about every champion, and each decision is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from raasid.config import conf_dir
from raasid.config.suggestions import did_you_mean
from raasid.console.tables import print_table
from raasid.console.terminal import out
from raasid.datasets.datamodule import TaskDataModule
from raasid.datasets.source_configs import Data
from raasid.errors import UsageError
from raasid.evaluation.result import EvaluationResult
from raasid.footage.records import Clip
from raasid.pipeline.evaluation import evaluate_named_model
from raasid.pipeline.model_refs import NamedModel, load_registered
from raasid.pipeline.verb_configs import CheckConfig
from raasid.registry.names import CHAMPION, Version
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry
from raasid.training.lineage import data_facts
from raasid.triggers.calendar import decide_calendar
from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_record import Decision
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.futility import hold_back, judge_futility
from raasid.triggers.futility_marks import FutilityMarks
from raasid.triggers.new_scenarios import TagCount, decide_new_scenarios
from raasid.triggers.options import TriggerKind
from raasid.triggers.performance import decide_performance, slower_than_registered
from raasid.triggers.rule_change import decide_rule_change
from raasid.triggers.schedule import RetrainingSchedule, ScheduleEntry, load_schedule
from raasid.triggers.slots import slot_of, slot_text


@dataclass(frozen=True, slots=True)
class CheckedModel:
    """One model of the schedule with the decisions about it."""

    entry: ScheduleEntry
    champion: Version | None
    decisions: list[Decision]
    alerts: list[str] = field(default_factory=list)
    """Sentences that a person has to read, each given once."""


def check(cfg: CheckConfig, run_dir: Path) -> None:
    """Decide, record and print; what is asked for is left to `raasid retrain`."""
    print_decisions(check_models(cfg, run_dir))


def check_models(cfg: CheckConfig, run_dir: Path) -> list[CheckedModel]:
    """Decide about every model of the schedule, and record each decision.

    Raises UsageError for a model that the schedule does not hold.
    """
    schedule = open_schedule(cfg)
    return [_check_model(cfg, entry, run_dir) for entry in _chosen(schedule, cfg.models)]


def open_schedule(cfg: CheckConfig) -> RetrainingSchedule:
    """Read the schedule of the configuration. Raises ScheduleUnreadable, ScheduleProblems."""
    return load_schedule(cfg.trigger.schedule or conf_dir() / "retraining_schedule.yaml")


def print_decisions(checked: list[CheckedModel]) -> None:
    """Print a table, the reasons, and as the last line the verdict."""
    decisions = [decision for model in checked for decision in model.decisions]
    rows = [[d.model, d.champion or "none", d.trigger, d.verdict, d.action or ""] for d in decisions]
    print_table(["model", "champion", "trigger", "verdict", "action"], rows)
    console = out()
    for decision in decisions:
        console.print(f"{decision.model}, {decision.trigger}: {decision.reason}")
    for alert in (alert for model in checked for alert in model.alerts):
        console.print(f"alert: {alert}")
    firing = [f"{d.model} ({d.action})" for d in decisions if d.verdict == "fire"]
    if all(model.champion is None for model in checked):
        console.print("verdict: there is no champion to check; train and register a version first")
    else:
        console.print(f"verdict: retrain {', '.join(firing)}" if firing else "verdict: nothing to do")


def _chosen(schedule: RetrainingSchedule, names: list[str] | None) -> Iterator[ScheduleEntry]:
    known = {entry.model: entry for entry in schedule.entries}
    for name in known if names is None else names:
        if name not in known:
            raise UsageError(f"models: the schedule holds no {name!r}{did_you_mean(name, known)}")
        yield known[name]


def _check_model(cfg: CheckConfig, entry: ScheduleEntry, run_dir: Path) -> CheckedModel:
    registry, now = Registry(cfg.paths.registry), cfg.trigger.now()
    champion = registry.alias(entry.model, CHAMPION)
    situation = _Situation(cfg, entry, registry, champion, run_dir / entry.model, now)
    decisions, alerts = [], []
    for kind in cfg.trigger.kinds:
        decision, alert = _unless_futile(cfg, entry, _DECIDE[kind](situation), now)
        DecisionStore(cfg.paths.decisions).write(decision, now.date())
        decisions.append(decision)
        alerts += [alert] if alert else []
    return CheckedModel(entry, champion, decisions, [*alerts, *situation.alerts])


def _unless_futile(
    cfg: CheckConfig, entry: ScheduleEntry, decision: Decision, now: datetime
) -> tuple[Decision, str]:
    """Hold a decision back if retraining has been shown not to help; the alert is given once."""
    marks = FutilityMarks(cfg.paths.retrainings)
    futility = judge_futility(
        entry.model,
        entry.retrain_metric,
        ClaimStore(cfg.paths.retrainings).history(entry.model),
        decision.inputs.get("labels", ""),
        alerted=marks.alerted(entry.model),
        acknowledged=marks.acknowledged(entry.model),
        rule=cfg.trigger.futility,
    )
    held = hold_back(decision, futility)
    alerted = futility.alert and held is not decision and marks.mark_alerted(entry.model, futility.alert_key)
    return held, futility.reason if alerted else ""


@dataclass
class _Situation:
    """What the triggers ask about one model; what is expensive is found out when the first one asks."""

    cfg: CheckConfig
    entry: ScheduleEntry
    registry: Registry
    champion: Version | None
    run_dir: Path
    now: datetime
    alerts: list[str] = field(default_factory=list)
    """What a person should know and no retraining mends."""
    _measured: tuple[EvaluationResult, TaskDataModule] | None = None

    @property
    def version(self) -> str | None:
        return None if self.champion is None else str(self.champion)

    @property
    def manifest(self) -> Manifest | None:
        return (
            None
            if self.champion is None
            else self.registry.versions(self.entry.model).manifest(self.champion)
        )

    @property
    def slot(self) -> str:
        """The slot of the regular evaluation: in each, the same data and champion may be acted upon again."""
        return slot_text(slot_of(self.now, self.entry.cadence, self.entry.start_hour))

    def measure(self) -> tuple[EvaluationResult, TaskDataModule]:
        """Measure the champion on the current data."""
        if self._measured is None:
            model = load_registered(f"{self.entry.model}@{self.champion}", self.cfg.paths)
            self._measured = measure_model(self.cfg, model, self.cfg.data, self.run_dir)
        return self._measured

    def inputs(self) -> dict[str, str]:
        """Return the digests of the current data and of the champion."""
        if self.champion is None:
            return {}
        facts = data_facts(self.measure()[1])
        _, digest = self.registry.versions(self.entry.model).manifest_and_digest(self.champion)
        found = {"labels": facts["labels_sha256"], "media": facts.get("media_sha256"), "champion": digest}
        return {name: value for name, value in found.items() if value is not None}


def measure_model(
    cfg: CheckConfig, model: NamedModel, data: Data, run_dir: Path
) -> tuple[EvaluationResult, TaskDataModule]:
    """Measure a registered model on a split of some footage, as its own training did."""
    seed = int(model.trained.get("seed", cfg.seed))
    return evaluate_named_model(model, data, cfg.paths, cfg.trainer, cfg.split, seed, run_dir)


def _performance(at: _Situation) -> Decision:
    measured = at.measure()[0].estimates if at.champion is not None else {}
    registered = {} if at.manifest is None else at.manifest.metrics
    rule = at.cfg.trigger.performance
    at.alerts += slower_than_registered(at.entry, measured, registered)
    return decide_performance(
        at.entry, at.version, measured, registered, inputs=at.inputs(), slot=at.slot, rule=rule
    )


def _calendar(at: _Situation) -> Decision:
    ended = [past.end for past in ClaimStore(at.cfg.paths.retrainings).history(at.entry.model)]
    made = [] if at.manifest is None else [datetime.fromisoformat(at.manifest.time)]
    return decide_calendar(at.entry, at.version, max([*ended, *made], default=None), at.now)


def _new_scenarios(at: _Situation) -> Decision:
    current: dict[str, TagCount] = {}
    if at.champion is not None:
        data = at.measure()[1]
        current = _count_tags(data.footage.clips if data.footage is not None else ())
    known = None if at.manifest is None else _trained_tags(at.manifest)
    rule = at.cfg.trigger.scenarios
    return decide_new_scenarios(
        at.entry.model, at.version, current, known, inputs=at.inputs(), slot=at.slot, rule=rule
    )


def _rule_change(at: _Situation) -> Decision:
    lineage = {} if at.manifest is None else at.manifest.lineage
    edition = lineage.get("data", {}).get("edition")
    return decide_rule_change(at.entry.model, at.version, edition, at.now.date(), slot=at.slot)


def _count_tags(clips: Any) -> dict[str, TagCount]:
    found: dict[str, list[Clip]] = {}
    for clip in clips:
        for tag in clip.tags:
            found.setdefault(tag, []).append(clip)
    return {tag: TagCount(len(its), len({clip.match for clip in its})) for tag, its in found.items()}


def _trained_tags(manifest: Manifest) -> list[str] | None:
    tags = manifest.lineage.get("data", {}).get("tags")
    return [str(tag) for tag in tags] if isinstance(tags, list) else None


_DECIDE: dict[TriggerKind, Callable[[_Situation], Decision]] = {
    "performance": _performance,
    "calendar": _calendar,
    "new_scenarios": _new_scenarios,
    "rule_change": _rule_change,
}
