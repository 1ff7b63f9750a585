"""What the triggers ask about a champion: measurements, digests of inputs, and what it was trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from raasid.datasets.datamodule import TaskDataModule
from raasid.datasets.source_configs import Data
from raasid.evaluation.result import EvaluationResult
from raasid.footage.records import Clip
from raasid.pipeline.drift_check import decide_on_drift
from raasid.pipeline.evaluation import SplitPredictions, build_data, predict_with_named_model
from raasid.pipeline.model_refs import NamedModel, load_registered
from raasid.pipeline.upstream_models import track_by_champions, upstream_digests
from raasid.pipeline.verb_configs import CheckConfig
from raasid.registry.names import Version
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry
from raasid.training.lineage import data_facts
from raasid.triggers.calendar import decide_calendar
from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_record import Decision
from raasid.triggers.new_scenarios import TagCount, decide_new_scenarios
from raasid.triggers.options import TriggerKind
from raasid.triggers.performance import decide_performance, slower_than_registered
from raasid.triggers.rule_change import decide_rule_change
from raasid.triggers.schedule import ScheduleEntry
from raasid.triggers.slots import slot_of, slot_text


@dataclass
class ChampionCheck:
    """What the triggers ask about one model; what is expensive is found out when the first one asks."""

    cfg: CheckConfig
    entry: ScheduleEntry
    registry: Registry
    champion: Version | None
    run_dir: Path
    now: datetime
    alerts: list[str] = field(default_factory=list)
    """What a person should know and no retraining mends."""
    _model: NamedModel | None = None
    _data: TaskDataModule | None = None
    _predicted: SplitPredictions | None = None
    _result: EvaluationResult | None = None

    @property
    def version(self) -> str | None:
        """The champion's version as text."""
        return None if self.champion is None else str(self.champion)

    @property
    def manifest(self) -> Manifest | None:
        """What the registry holds of the champion."""
        return (
            None
            if self.champion is None
            else self.registry.versions(self.entry.model).manifest(self.champion)
        )

    @property
    def slot(self) -> str:
        """The slot of the regular evaluation: in each, the same data and champion may be acted upon again."""
        return slot_text(slot_of(self.now, self.entry.cadence, self.entry.start_hour))

    def load(self) -> NamedModel:
        """Load the champion."""
        if self._model is None:
            self._model = load_registered(f"{self.entry.model}@{self.champion}", self.cfg.paths)
        return self._model

    def open_data(self) -> TaskDataModule:
        """Read the current data, as the champion's training did."""
        if self._data is None:
            self._data = build_measured_data(self.cfg, self.load(), self.cfg.data)
            self._data.setup(self.cfg.split)
        return self._data

    def predict(self) -> SplitPredictions:
        """Let the champion predict the current data; needs no labels. Raises NoClipToDecide."""
        if self._predicted is None:
            cfg = self.cfg
            self._predicted = predict_with_named_model(
                self.load(), self.open_data(), cfg.trainer, cfg.split, self.run_dir
            )
        return self._predicted

    def measure(self) -> tuple[EvaluationResult, TaskDataModule]:
        """Measure the champion on the current data."""
        if self._result is None:
            self._result = self.predict().evaluate()
        return self._result, self.open_data()

    def inputs(self) -> dict[str, str]:
        """Return the digests of the current data, the champion, and the models whose tracks it gets."""
        if self.champion is None:
            return {}
        facts = data_facts(self.open_data())
        _, digest = self.registry.versions(self.entry.model).manifest_and_digest(self.champion)
        found = {"labels": facts["labels_sha256"], "media": facts.get("media_sha256"), "champion": digest}
        found |= upstream_digests(self.open_data(), self.cfg.paths)
        return {name: value for name, value in found.items() if value is not None}


def build_measured_data(cfg: CheckConfig, model: NamedModel, data: Data) -> TaskDataModule:
    """Build the datamodule that a registered model is measured on, with its input as in its training.

    Predicted tracks are those of the ball and pose champions in service, unless `data.tracks` names others.
    """
    data = track_by_champions(data, Registry(cfg.paths.registry))
    return build_data(model, data, cfg.paths, int(model.trained.get("seed", cfg.seed)))


def measure_model(
    cfg: CheckConfig, model: NamedModel, data: Data, run_dir: Path
) -> tuple[EvaluationResult, TaskDataModule]:
    """Measure a registered model on a split of some footage; see `build_measured_data`."""
    built = build_measured_data(cfg, model, data)
    return predict_with_named_model(model, built, cfg.trainer, cfg.split, run_dir).evaluate(), built


def _performance(at: ChampionCheck) -> Decision:
    measured = at.measure()[0].estimates if at.champion is not None else {}
    registered = {} if at.manifest is None else at.manifest.metrics
    rule = at.cfg.trigger.performance
    at.alerts += slower_than_registered(at.entry, measured, registered)
    return decide_performance(
        at.entry, at.version, measured, registered, inputs=at.inputs(), slot=at.slot, rule=rule
    )


def _calendar(at: ChampionCheck) -> Decision:
    ended = [past.end for past in ClaimStore(at.cfg.paths.retrainings).history(at.entry.model)]
    made = [] if at.manifest is None else [datetime.fromisoformat(at.manifest.time)]
    done = [when for when in (*ended, *made) if when <= at.now]  # not what came after the time asked about
    return decide_calendar(at.entry, at.version, max(done, default=None), at.now)


def _new_scenarios(at: ChampionCheck) -> Decision:
    current: dict[str, TagCount] = {}
    if at.champion is not None:
        data = at.open_data()
        current = _count_tags(data.footage.clips if data.footage is not None else ())
    known = None if at.manifest is None else _trained_tags(at.manifest)
    rule = at.cfg.trigger.scenarios
    return decide_new_scenarios(
        at.entry.model, at.version, current, known, inputs=at.inputs(), slot=at.slot, rule=rule
    )


def _rule_change(at: ChampionCheck) -> Decision:
    lineage = {} if at.manifest is None else at.manifest.lineage
    edition = lineage.get("data", {}).get("edition")
    return decide_rule_change(at.entry.model, at.version, edition, at.now.date(), slot=at.slot)


def _count_tags(clips: Iterable[Clip]) -> dict[str, TagCount]:
    found: dict[str, list[Clip]] = {}
    for clip in clips:
        for tag in clip.tags:
            found.setdefault(tag, []).append(clip)
    return {tag: TagCount(len(its), len({clip.match for clip in its})) for tag, its in found.items()}


def _trained_tags(manifest: Manifest) -> list[str] | None:
    tags = manifest.lineage.get("data", {}).get("tags")
    return [str(tag) for tag in tags] if isinstance(tags, list) else None


DECIDE: dict[TriggerKind, Callable[[ChampionCheck], Decision]] = {
    "performance": _performance,
    "drift": decide_on_drift,
    "calendar": _calendar,
    "new_scenarios": _new_scenarios,
    "rule_change": _rule_change,
}
"""How each trigger decides."""
