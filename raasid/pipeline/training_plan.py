"""What a retraining trains on, by the action that was decided: settled once, before the training.

incremental: the new footage joined with a replay of the champion's, at a lower rate
full: rulings by the edition of the Laws that is in force
Both store a dataset version for the decision; `plan.json` names it, so that every process trains on the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from raasid.datasets.factory import open_footage
from raasid.datasets.source_configs import StoreDataConfig, SyntheticDataConfig
from raasid.errors import UsageError
from raasid.footage.records import Clip
from raasid.footage.relabel import relabel
from raasid.footage.store import DatasetMissing, DatasetStore
from raasid.footage.version import DatasetVersion
from raasid.io.atomic import write_atomic
from raasid.laws.edition_lookup import get_edition, shipped_editions
from raasid.pipeline.checked_footage import stored_version
from raasid.pipeline.replay import FootageLacking, Source, champion_source, join_with_replay, open_source
from raasid.pipeline.verb_configs import TrainConfig
from raasid.registry.lineage import VersionRef
from raasid.registry.registry import Registry
from raasid.tasks import TaskName
from raasid.triggers.decision_record import Decision
from raasid.triggers.journal import Journal
from raasid.triggers.options import IncrementalOptions
from raasid.triggers.rule_change import rules_alike


class SituationNotTrained(FootageLacking):
    """The footage to train on has none of the situations for which the training was asked."""

    def __init__(self, tags: list[str]) -> None:
        named = ", ".join(map(repr, tags))
        super().__init__(
            f"the footage to train on has no training clip with the tag {named}, for which the training was "
            "asked; name footage that has: data of `train.py`, in retrain.train.MODEL of `raasid retrain`"
        )


def plan_training(
    training: TrainConfig,
    decision: Decision,
    task: TaskName,
    champion: VersionRef | None,
    options: IncrementalOptions,
    folder: Path,
    journal: Journal,
) -> TrainConfig:
    """Return the configuration of the training that answers a decision, and note in the journal what is new.

    champion: None if there is none. folder: of the retraining, which keeps `plan.json`.
    Raises ChampionFootageLost, SituationNotTrained, ClipsDiffer, and what reading and storing footage raises.
    """
    name = f"retrain-{decision.model}-{decision.digest[:12]}"
    if decision.action == "incremental" and champion is not None:

        def join() -> DatasetVersion:
            new = open_source(training.data, training.paths, training.seed, task)
            _require_new_tags(decision, new)
            manifest = Registry(training.paths.registry).versions(champion.name).manifest(champion.version)
            old = champion_source(champion, manifest, training.paths, task)
            return join_with_replay(name, new, old, champion, training.paths, options.replay, training.seed)

        return _slower(_train_on(training, _once(join, training, folder, journal)), options.lr_factor)
    if decision.action == "full" and decision.edition is not None and task == "context":
        edition = decision.edition
        tracks = training.data.tracks.model_copy(update={"edition": edition})
        training = training.model_copy(update={"data": training.data.model_copy(update={"tracks": tracks})})
        if not isinstance(training.data, SyntheticDataConfig):  # a league has facts only
            found = _once(lambda: _store_relabelled(name, training, edition), training, folder, journal)
            return _train_on(training, found)
    return training


def _once(
    make: Callable[[], DatasetVersion], training: TrainConfig, folder: Path, journal: Journal
) -> DatasetVersion:
    """Make the dataset version of a plan, or find the one that an earlier process has made."""
    file, store = folder / "plan.json", DatasetStore(training.paths.store)
    with suppress(FileNotFoundError, ValueError, KeyError, TypeError, DatasetMissing):
        return store.find(json.loads(file.read_text(encoding="utf-8"))["dataset"])
    version = make()
    write_atomic(file, json.dumps({"dataset": f"{version.name}@{version.digest}"}) + "\n")
    journal.note("plan", "; ".join([f"train on {version.ref}", *version.manifest["notes"]]))
    return version


def _train_on(training: TrainConfig, version: DatasetVersion) -> TrainConfig:
    """Return the training with a stored version in the place of its footage, everything else unchanged."""
    stored = stored_version(version.ref, training.data, training.paths.store)
    league = getattr(training.data, "league", None)
    return training.model_copy(update={"data": stored.model_copy(update={"league": league})})


def _slower(training: TrainConfig, factor: float) -> TrainConfig:
    rate = getattr(training.optimizer, "lr", None)
    if rate is None:
        raise UsageError("optimizer.lr: is needed, because an incremental training lowers it")
    return training.model_copy(
        update={"optimizer": training.optimizer.model_copy(update={"lr": rate * factor})}
    )


def _require_new_tags(decision: Decision, new: Source) -> None:
    wanted = [str(row["tag"]) for row in decision.evidence if row.get("enough") and "tag" in row]
    there = {tag for clip in new.parts["train"] for tag in clip.tags}
    if wanted and not there & {*wanted}:
        raise SituationNotTrained(wanted)


def _store_relabelled(name: str, training: TrainConfig, edition: str) -> DatasetVersion:
    """Store the footage with the rulings of an edition.

    Facts decide. Where they leave both decisions open, or are missing, a ruling by an edition that rules
    otherwise is no label any more, and is left out; one that names no edition stays as it is.
    """
    footage = open_footage(training.data, Path(training.paths.data))
    relabelled, summary = relabel(footage, edition)
    clips = [_without_outdated_ruling(clip, edition) for clip in relabelled.clips]
    outdated = sum(new is not old for new, old in zip(clips, relabelled.clips, strict=True))
    undecided = sum(clip.new.abstained for clip in summary.clips)
    unnamed = sum(clip.ruling is not None and _edition_of(clip) is None for clip in clips)
    notes = [
        f"the facts of {len(summary.clips) - undecided} clips decide by {edition}; "
        f"{len(summary.flipped_ids)} decisions are reversed"
    ]
    left_out = (
        (undecided, "clips have no ruling, because their facts allow both decisions"),
        (outdated, "clips without facts have lost the ruling of an edition that rules otherwise"),
        (summary.num_rejected, "clips are left out, because their facts cannot be read"),
        (unnamed, "clips keep a ruling that names no edition"),
    )
    notes += [f"{count} {what}" for count, what in left_out if count]
    return DatasetStore(training.paths.store).add(
        name,
        replace(relabelled, clips=clips, notes=(*footage.notes, *notes)),
        made_by=f"full training for {edition}",
        parents=[footage.dataset["dataset_sha256"]] if footage.dataset else [],
        link_media=isinstance(training.data, StoreDataConfig),
    )


def _edition_of(clip: Clip) -> str | None:
    """Return the edition that a ruling was made by; None if it is not recorded, or by none that is known."""
    named = (clip.ruling.edition if clip.ruling is not None else None) or clip.provenance.law_edition
    return named if named in shipped_editions() else None


def _without_outdated_ruling(clip: Clip, edition: str) -> Clip:
    named = _edition_of(clip)
    if clip.ruling is None or named is None or rules_alike(get_edition(named), get_edition(edition)):
        return clip
    return replace(clip, ruling=None)
