"""What the triggers ask about a champion: measurements, digests of inputs, and what it was trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from raasid.datasets.context.datamodule import NoClipToDecide
from raasid.datasets.datamodule import TaskDataModule
from raasid.footage.records import Clip
from raasid.laws.edition_lookup import edition_for, get_edition
from raasid.pipeline.checked_footage import CheckedFootage, stored_version
from raasid.pipeline.drift_check import decide_on_drift, find_new_footage
from raasid.pipeline.evaluation import SplitPredictions
from raasid.pipeline.model_refs import NamedModel, load_registered
from raasid.pipeline.upstream_models import upstream_digests
from raasid.pipeline.verb_configs import CheckConfig
from raasid.registry.names import Version
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry
from raasid.stats.bootstrap import Estimate
from raasid.stats.label_free import expected_accuracy
from raasid.training.lineage import data_facts
from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_record import Decision
from raasid.triggers.label_free import METRIC as LABEL_FREE_METRIC
from raasid.triggers.label_free import WithoutLabels
from raasid.triggers.new_scenarios import TagCount, decide_new_scenarios
from raasid.triggers.options import TriggerKind
from raasid.triggers.performance import decide_performance, has_enough, slower_than_registered
from raasid.triggers.rule_change import decide_rule_change, rules_alike
from raasid.triggers.schedule import ScheduleEntry
from raasid.triggers.slots import decide_calendar, slot_of, slot_text


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

    @cached_property
    def current(self) -> CheckedFootage:
        """The footage of now."""
        return CheckedFootage(self.cfg, self.load(), self.cfg.data, self.run_dir)

    @cached_property
    def labelled(self) -> CheckedFootage:
        """The footage whose labels say how good the champion is: labels may arrive after the footage."""
        ref = self.cfg.trigger.data
        if ref is None:
            return self.current
        data = stored_version(ref, self.cfg.data, Path(self.cfg.paths.store))
        return CheckedFootage(self.cfg, self.load(), data, self.run_dir)

    def open_data(self) -> TaskDataModule:
        """Read the current data, as the champion's training did."""
        return self.current.open()

    def predict(self) -> SplitPredictions:
        """Let the champion predict the current data; needs no labels. Raises NoClipToDecide."""
        return self.current.predict()

    def inputs(self, footage: CheckedFootage | None = None) -> dict[str, str]:
        """Return the digests of footage, the champion, and the models whose tracks it gets.

        footage: the current one by default.
        """
        if self.champion is None:
            return {}
        data = (footage or self.current).open()
        facts = data_facts(data)
        _, digest = self.registry.versions(self.entry.model).manifest_and_digest(self.champion)
        found = {"labels": facts["labels_sha256"], "media": facts.get("media_sha256"), "champion": digest}
        found |= upstream_digests(data, self.cfg.paths)
        return {name: value for name, value in found.items() if value is not None}


def _performance(at: ChampionCheck) -> Decision:
    if at.champion is None or at.manifest is None:
        return decide_performance(at.entry, None, {}, {}, inputs={})
    rule, registered, footage = at.cfg.trigger.performance, at.manifest.metrics, at.labelled
    result = footage.measure()
    measured = {} if result is None else result.estimates
    at.alerts += slower_than_registered(at.entry, measured, registered)
    without_labels = None
    if rule.label_free != "off":
        enough = has_enough(measured.get(at.entry.retrain_metric), rule)
        without_labels = _without_labels(at, footage, measured if enough else {})
    return decide_performance(
        at.entry,
        at.version,
        measured,
        registered,
        inputs=at.inputs(footage),
        slot=at.slot,
        rule=rule,
        without_labels=without_labels,
    )


def _without_labels(
    at: ChampionCheck, footage: CheckedFootage, measured: Mapping[str, Estimate]
) -> WithoutLabels:
    """Estimate the accuracy by the champion's own probabilities.

    measured: what is compared with the estimate, which then is about the labelled clips alone; empty if there
    are too few of them, and it is about all clips.
    """
    try:
        answers = footage.predict().calibrated_answers()
    except NoClipToDecide:
        return WithoutLabels(None, "there are no clips")
    if answers is None:
        task = at.entry.task.name
        return WithoutLabels(None, f"the scores of this {task} model are no calibrated probabilities")
    if reason := _other_law(at, footage):
        return WithoutLabels(None, reason)
    chosen = answers.labelled if measured else np.ones(len(answers.matches), bool)
    estimate = expected_accuracy(
        answers.confidence[chosen],
        answers.answered[chosen],
        [match for match, its in zip(answers.matches, chosen, strict=True) if its],
    )
    return WithoutLabels(estimate, measured=measured.get(LABEL_FREE_METRIC))


def _other_law(at: ChampionCheck, footage: CheckedFootage) -> str:
    """Return why probabilities say nothing about the edition of the Laws in force; empty if they do."""
    assert at.manifest is not None
    calibrated, in_force = at.manifest.lineage.get("data", {}).get("edition"), edition_for(at.now.date())
    if calibrated is None:
        return "it is not recorded for which edition of the Laws it was calibrated"
    for edition in (calibrated, footage.open().input_facts.get("edition", calibrated)):
        if not rules_alike(get_edition(edition), in_force):
            return f"its probabilities are those of {edition}, and {in_force.id} is in force"
    return ""


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
    rule, inputs = at.cfg.trigger.scenarios, at.inputs()
    novelty = find_new_footage(at)
    if novelty is not None:
        inputs["profile"] = novelty.profile
    return decide_new_scenarios(
        at.entry.model,
        at.version,
        current,
        known,
        inputs=inputs,
        novelty=None if novelty is None else novelty.found,
        slot=at.slot,
        rule=rule,
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
