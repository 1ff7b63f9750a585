"""Drift: the profile that a version keeps of its training, and the comparison of current footage with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from raasid.datasets.context.datamodule import NoClipToDecide
from raasid.datasets.datamodule import TaskDataModule
from raasid.footage.records import Clip
from raasid.io.file_digests import CACHE_NAME, FileDigests
from raasid.monitoring.feature_table import FeatureTable
from raasid.monitoring.footage_features import (
    MAX_MATCHES,
    SLICE_KINDS,
    SampledFrame,
    footage_features,
    sample_frames,
    slices_of,
)
from raasid.monitoring.reference_profile import PROFILE, ReferenceProfile
from raasid.pipeline.adapters.adapter import task_adapter
from raasid.pipeline.evaluation import SplitPredictions
from raasid.registry.record_chain import canonical_json, sha256_hex
from raasid.stats.drift import detect
from raasid.stats.drift_by_slice import MixOrWorld, mix_or_world
from raasid.stats.drift_report import DriftReport
from raasid.stats.match_profile import MatchProfile
from raasid.triggers.decision_record import Decision
from raasid.triggers.drift import DriftTriggerRule, decide_drift
from raasid.triggers.slots import next_slot, slot_text

if TYPE_CHECKING:
    from raasid.pipeline.champion_check import ChampionCheck


def reference_profile(predicted: SplitPredictions) -> ReferenceProfile:
    """Return what a version keeps of its training. predicted: the test split, after the training.

    Footage of all splits is looked at, without the league that was trained on in addition.
    """
    data = predicted.data
    splits = data.splits
    clips = [] if splits is None else [*splits.train, *splits.val, *splits.test]
    frames = sample_frames(clips, MAX_MATCHES)
    tables = {"footage": footage_features(frames), "predictions": prediction_features(predicted)}
    profiles = {part: table.profile() for part, table in tables.items()}
    slices = {kind: slices_of(_clips_of(frames), kind) for kind in SLICE_KINDS}
    return ReferenceProfile(
        {part: profile for part, profile in profiles.items() if profile is not None},
        {kind: known for kind, known in slices.items() if known},
    )


def prediction_features(predicted: SplitPredictions) -> FeatureTable:
    """Return the features of a model's predictions of a split."""
    return task_adapter(predicted.model).prediction_features(predicted.collected, predicted.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftCheck:
    """What was compared, and what differs."""

    reports: Mapping[str, DriftReport]
    mixes: Mapping[str, MixOrWorld] = field(default_factory=dict)
    """Kind of slice -> whether its mix has changed, or the look of the footage within it; only with drift."""
    notes: Sequence[str] = ()
    """Sentences on what was left out."""
    frames: Sequence[SampledFrame] = ()
    """The current footage that was looked at."""


def check_drift(
    profile: ReferenceProfile,
    known: Collection[str],
    frames: Sequence[SampledFrame],
    predicted: SplitPredictions | None,
    rule: DriftTriggerRule,
) -> DriftCheck:
    """Compare current footage, and what the champion says of it, with the champion's profile.

    known: matches that the champion was trained or tested on; they are left out, as they are no new footage.
    frames: from `sample_frames`. predicted: None where the champion could not predict.
    """
    seen = sorted({each.clip.match for each in frames} & set(known))
    frames = [each for each in frames if each.clip.match not in seen]
    notes = [f"{len(seen)} matches are left out, because the champion knows them."] if seen else []
    tables: dict[str, FeatureTable] = {"footage": footage_features(frames)}
    if predicted is not None:
        tables["predictions"] = prediction_features(predicted).without(known)
    compared = {
        part: tables[part].compared_with(reference)
        for part, reference in profile.parts.items()
        if part in tables and len(tables[part])
    }
    compared = {part: sides for part, sides in compared.items() if sides[0].columns}
    if not compared:
        notes.append("There is no footage of other matches.")
    alpha = rule.alpha / max(1, len(compared))
    reports = {
        part: detect(
            table.columns,
            reference,
            matches=table.matches,
            seed=rule.seed,
            permutations=rule.permutations,
            alpha=alpha,
            min_effect=rule.min_effect,
        )
        for part, (table, reference) in compared.items()
    }
    mixes = {}
    if "footage" in compared and any(report.verdict == "drift" for report in reports.values()):
        mixes = _mixes(*compared["footage"], profile.slices, _clips_of(frames), rule)
    return DriftCheck(reports=reports, mixes=mixes, notes=notes, frames=frames)


def _mixes(
    table: FeatureTable,
    reference: MatchProfile,
    slices: Mapping[str, Mapping[str, str]],
    clips: Sequence[Clip],
    rule: DriftTriggerRule,
) -> dict[str, MixOrWorld]:
    """Tell a changed mix from a changed world, by every kind of slice that all matches of both sides have."""
    found = {}
    for kind, there in slices.items():
        by_match = {**slices_of(clips, kind), **there}
        if {*table.matches, *reference.matches} <= by_match.keys():
            found[kind] = mix_or_world(
                table.columns,
                reference,
                by_match,
                matches=table.matches,
                seed=rule.seed,
                permutations=rule.permutations,
                alpha=rule.alpha,
                min_effect=rule.min_effect,
            )
    return found


def decide_on_drift(at: ChampionCheck) -> Decision:
    """Compare the current data with the champion's profile, and decide."""
    slot = slot_text(next_slot(at.now, at.entry.cadence, at.entry.start_hour))
    if at.champion is None or at.manifest is None:
        return decide_drift(at.entry, None, {}, slot, inputs={})
    if PROFILE not in at.manifest.files:
        note = "It has no profile of its training data: train it again to get one."
        return decide_drift(at.entry, at.version, {}, slot, inputs=at.inputs(), notes=[note])
    content = at.registry.read(at.entry.model, at.champion, PROFILE)
    profile = ReferenceProfile.from_json(content, f"{at.entry.model} {at.champion}")
    data, predicted = at.open_data(), None
    notes = []
    try:
        predicted = at.predict()
    except NoClipToDecide:
        notes.append("What the model says is not compared: no clip of the split can be ruled.")
    frames = sample_frames(data.footage.clips if data.footage is not None else ())
    found = check_drift(profile, _known_matches(at), frames, predicted, at.cfg.trigger.drift)
    inputs = at.inputs() | {
        "images": images_digest(frames, data, Path(at.cfg.paths.data)),
        "profile": sha256_hex(content),
    }
    return decide_drift(
        at.entry,
        at.version,
        found.reports,
        slot,
        inputs=inputs,
        mixes=found.mixes,
        notes=[*found.notes, *notes],
    )


def images_digest(frames: Sequence[SampledFrame], data: TaskDataModule, folder: Path) -> str:
    """Return a digest of the files that frames are read from, and which frames these are.

    The digest of the data's media covers one split alone. folder: keeps the digests of files. Raises
    FileUnreadable.
    """
    verified = data.footage.media if data.footage is not None else {}
    files = {each.frame.image for each in frames}
    digests = FileDigests(folder / CACHE_NAME).of(
        sorted(files - verified.keys()), "digesting images and videos"
    )
    digests |= {file: verified[file] for file in files & verified.keys()}
    return sha256_hex(
        canonical_json([[each.clip.id, each.frame.index, digests.get(each.frame.image)] for each in frames])
    )


def _known_matches(at: ChampionCheck) -> set[str]:
    facts = {} if at.manifest is None else at.manifest.lineage.get("data", {})
    return {
        str(match) for part in facts.values() if isinstance(part, dict) for match in part.get("matches", ())
    }


def _clips_of(frames: Sequence[SampledFrame]) -> list[Clip]:
    return list({each.clip.id: each.clip for each in frames}.values())
