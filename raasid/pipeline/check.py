"""`raasid check`: every trigger decides about every champion, and each decision is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from raasid.config import conf_dir
from raasid.config.suggestions import did_you_mean
from raasid.console.tables import print_table
from raasid.console.terminal import out
from raasid.errors import UsageError
from raasid.pipeline.champion_check import DECIDE, ChampionCheck
from raasid.pipeline.verb_configs import CheckConfig
from raasid.registry.names import CHAMPION, Version
from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_record import Decision
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.futility import hold_back, judge_futility
from raasid.triggers.futility_marks import FutilityMarks
from raasid.triggers.schedule import RetrainingSchedule, ScheduleEntry, load_schedule


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
    situation = ChampionCheck(cfg, entry, registry, champion, run_dir / entry.model, now)
    decisions, alerts = [], []
    for kind in cfg.trigger.kinds:
        decision, alert = _unless_futile(cfg, entry, DECIDE[kind](situation), now)
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
