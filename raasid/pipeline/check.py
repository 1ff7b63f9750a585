"""`raasid check`: every trigger decides about every champion, and each decision is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from raasid.config import conf_dir
from raasid.config.suggestions import did_you_mean
from raasid.errors import RaasidError, UsageError
from raasid.pipeline.champion_check import DECIDE, ChampionCheck
from raasid.pipeline.decision_summary import print_decisions, print_json, require_intact
from raasid.pipeline.verb_configs import CheckConfig
from raasid.registry.errors import RegistryDamaged
from raasid.registry.names import CHAMPION, Version
from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore, RetrainingUnreadable
from raasid.triggers.decision_record import Decision
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.futility import Futility, ask_again, hold_back, judge_futility
from raasid.triggers.futility_marks import AcknowledgementUnreadable, FutilityMarks
from raasid.triggers.schedule import RetrainingSchedule, ScheduleEntry, load_schedule


@dataclass(frozen=True, slots=True)
class CheckedModel:
    """One model of the schedule with the decisions about it."""

    entry: ScheduleEntry
    champion: Version | None
    decisions: list[Decision]
    alerts: list[str] = field(default_factory=list)
    """Sentences that a person has to read, each given once."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Digest of a decision -> its record."""
    damage: RaasidError | None = None
    """A damaged record without which nothing may be done about the model."""


def check(cfg: CheckConfig, run_dir: Path) -> None:
    """Decide, record and print; what is asked for is left to `raasid retrain`.

    Raises ModelsLeftOut, at the end, if a record of a model is damaged.
    """
    checked = check_models(cfg, run_dir)
    print_decisions(checked)
    if cfg.print_json:
        print_json(checked)
    require_intact(checked)


def check_models(cfg: CheckConfig, run_dir: Path) -> list[CheckedModel]:
    """Decide about every model of the schedule, and record each decision.

    Damage of one model's records leaves out this model alone. Raises UsageError for a model that the schedule
    does not hold.
    """
    schedule = open_schedule(cfg)
    return [_check_model(cfg, entry, run_dir) for entry in _chosen(schedule, cfg.models)]


def open_schedule(cfg: CheckConfig) -> RetrainingSchedule:
    """Read the schedule of the configuration. Raises ScheduleUnreadable, ScheduleProblems."""
    return load_schedule(cfg.trigger.schedule or conf_dir() / "retraining_schedule.yaml")


def _chosen(schedule: RetrainingSchedule, names: list[str] | None) -> Iterator[ScheduleEntry]:
    known = {entry.model: entry for entry in schedule.entries}
    for name in known if names is None else names:
        if name not in known:
            raise UsageError(f"models: the schedule holds no {name!r}{did_you_mean(name, known)}")
        yield known[name]


def _check_model(cfg: CheckConfig, entry: ScheduleEntry, run_dir: Path) -> CheckedModel:
    registry, now = Registry(cfg.paths.registry), cfg.trigger.now()
    store, marks, champion = DecisionStore(cfg.paths.decisions), FutilityMarks(cfg.paths.retrainings), None
    decisions, alerts, files = list[Decision](), list[str](), dict[str, Path]()
    try:
        champion = registry.alias(entry.model, CHAMPION)
        situation = ChampionCheck(cfg, entry, registry, champion, run_dir / entry.model, now)
        for kind in cfg.trigger.kinds:
            asked = ask_again(DECIDE[kind](situation), len(marks.acknowledgements(entry.model)))
            decision, futility = hold_if_futile(cfg, entry, asked)
            files[decision.digest] = store.write(decision, now.date())
            decisions.append(decision)
            if (
                futility.alert
                and decision is not asked
                and marks.mark_alerted(entry.model, futility.alert_key)
            ):
                alerts.append(futility.reason)
    except (RetrainingUnreadable, AcknowledgementUnreadable, RegistryDamaged) as error:
        return CheckedModel(entry, champion, decisions, alerts, files, damage=error)
    return CheckedModel(entry, champion, decisions, [*alerts, *situation.alerts], files)


def hold_if_futile(cfg: CheckConfig, entry: ScheduleEntry, decision: Decision) -> tuple[Decision, Futility]:
    """Hold a decision back if retraining has been shown not to help.

    Raises RetrainingUnreadable, AcknowledgementUnreadable.
    """
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
    return hold_back(decision, futility), futility
