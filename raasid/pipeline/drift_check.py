"""Drift: the profile that a version keeps of its training, and the comparison of current footage with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from raasid.console.terminal import out
from raasid.datasets.context.datamodule import NoClipToDecide
from raasid.datasets.datamodule import TaskDataModule
from raasid.footage.records import Clip
from raasid.io.file_digests import CACHE_NAME, FileDigests
from raasid.monitoring.drift_page import DriftFindings, write_drift_page
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
from raasid.pipeline.embeddings import comparable_embeddings, embedding_profile
from raasid.pipeline.evaluation import SplitPredictions
from raasid.pipeline.replay import ChampionFootageLost, champion_source
from raasid.registry.lineage import VersionRef
from raasid.registry.record_chain import canonical_json, sha256_hex
from raasid.stats.drift import detect
from raasid.stats.drift_by_slice import MixOrWorld, mix_or_world
from raasid.stats.drift_report import DriftReport
from raasid.stats.match_profile import MatchProfile
from raasid.stats.novelty import Novelty, find_novelty
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
        embedding_profile(predicted),
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
    notes = [_left_out(len(seen))] if seen else []
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
    ours = None if predicted is None else comparable_embeddings(predicted, profile.embedding, known)
    alpha = rule.alpha / max(1, len(compared) + (ours is not None))
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
    if ours is not None and profile.embedding is not None:
        reports["embedding"] = profile.embedding.compare(
            ours,
            seed=rule.seed,
            permutations=rule.permutations,
            alpha=alpha,
            min_effect=rule.min_embedding_effect,
        )
    mixes = {}
    if "footage" in compared and any(report.verdict == "drift" for report in reports.values()):
        mixes = _mixes(*compared["footage"], profile.slices, _clips_of(frames), rule)
    return DriftCheck(reports=reports, mixes=mixes, notes=notes, frames=frames)


def _left_out(matches: int) -> str:
    if matches == 1:
        return "1 match is left out, because the champion knows it."
    return f"{matches} matches are left out, because the champion knows them."


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
    decision = decide_drift(
        at.entry,
        at.version,
        found.reports,
        slot,
        inputs=inputs,
        mixes=found.mixes,
        notes=[*found.notes, *notes],
    )
    if found.reports:
        _write_page(at, found, decision)
    return decision


class NewFootage(NamedTuple):
    """What is new about the current footage, and the digest of the profile that says so."""

    found: Novelty
    profile: str


def find_new_footage(at: ChampionCheck) -> NewFootage | None:
    """Compare the embeddings of current footage with those that the champion's version keeps.

    None if it keeps none, or if there is no footage of other matches in the split that is measured.
    """
    if at.champion is None or at.manifest is None or PROFILE not in at.manifest.files:
        return None
    content = at.registry.read(at.entry.model, at.champion, PROFILE)
    profile = ReferenceProfile.from_json(content, f"{at.entry.model} {at.champion}").embedding
    splits = at.open_data().splits
    if profile is None or splits is None or not getattr(splits, at.current.split):
        return None
    try:
        ours = comparable_embeddings(at.predict(), profile, _known_matches(at))
    except NoClipToDecide:
        return None
    return None if ours is None else NewFootage(find_novelty(profile, ours), sha256_hex(content))


def _write_page(at: ChampionCheck, found: DriftCheck, decision: Decision) -> None:
    """Write `drift.html` into the folder of the check, and print where it is.

    Frames of the training are shown after drift alone: reading that footage takes time.
    """
    reference: Sequence[Clip] = ()
    note = "Frames of its training are shown if something drifts"
    if decision.verdict == "fire" and at.champion is not None and at.manifest is not None:
        version = VersionRef(at.entry.model, at.champion)
        try:
            source = champion_source(version, at.manifest, at.cfg.paths, at.entry.task.name)
            reference = source.parts["test"]
        except ChampionFootageLost as error:  # which is no reason not to decide
            note = f"The footage of its training cannot be read here: {error.__cause__ or error}"
    path = write_drift_page(
        at.run_dir / "drift.html",
        DriftFindings(
            version=f"{at.entry.model} {at.version}",
            reason=decision.reason,
            reports=found.reports,
            mixes=found.mixes,
            current=_clips_of(found.frames),
            reference=reference,
            note=note,
        ),
    )
    out().print(f"{at.entry.model}, drift: {path}", markup=False)


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
