"""Replay: new footage is joined with footage that the champion was trained on, so that nothing is forgotten.

The training split holds the new clips and a sample of the champion's; the selection and test splits of both
are joined in full, so that one test set shows what is learnt and what is forgotten.
Source: Rolnick et al., Experience Replay for Continual Learning, NeurIPS 2019.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from raasid.config.section import PathsConfig
from raasid.datasets.factory import open_footage
from raasid.datasets.source_configs import Data, StoreDataConfig, SyntheticDataConfig, data_section
from raasid.deploy.leakage import check_leakage
from raasid.errors import DataError, RaasidError
from raasid.footage.frame_reader import drop_missing_frames
from raasid.footage.join import join_footage
from raasid.footage.records import Clip, Footage
from raasid.footage.splits import SPLITS, split_by_match
from raasid.footage.store import DatasetMissing, DatasetStore
from raasid.footage.version import DatasetVersion
from raasid.registry.lineage import VersionRef
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry
from raasid.tasks import TaskName

Parts = Mapping[str, Sequence[Clip]]
"""The clips of each split."""


class FootageLacking(DataError):
    """A retraining that was asked for, and cannot be done with the footage that is there."""


class ChampionFootageLost(FootageLacking):
    """The footage that the champion was trained on is not there any more, or is not what it was."""

    def __init__(self, champion: VersionRef, reason: object) -> None:
        super().__init__(
            f"{champion}: what it was trained on cannot be replayed, and new footage alone would make it "
            f"forget that: {reason}\nrestore that footage, or train a new model on a dataset that holds "
            "enough of the old and the new situations"
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Footage as one training divides it."""

    config: Data
    footage: Footage
    parts: Parts


def join_with_replay(
    name: str, new: Source, old: Source, champion: VersionRef, paths: PathsConfig, replay: float, seed: int
) -> DatasetVersion:
    """Store new footage with a sample of the champion's as a version of dataset `name`; its notes say what.

    replay: share of the training frames that are the champion's; all of them where they are too few.
    The same arguments give the same version. Raises ClipsDiffer, and what storing footage raises.
    """
    registry = Registry(paths.registry)
    lineage = registry.versions(champion.name).manifest(champion.version).lineage
    tested = {clip.match for clip in new.parts["test"]}
    leaks = check_leakage(lineage, tested, registry, model=str(champion)).leaks
    (fresh, known), lost = one_split_per_match([new.parts, old.parts], {leak.match for leak in leaks})
    frames = count_frames(fresh["train"])
    replayed = choose_replay(known["train"], round(frames * replay / (1 - replay)), seed)
    notes = [
        f"{len(fresh['train'])} new training clips, and {len(replayed)} of the {len(known['train'])} that "
        f"{champion} was trained on: {count_frames(replayed)} of {frames + count_frames(replayed)} frames"
    ]
    if lost:
        notes.append(
            f"{len(lost)} matches are not tested on, because they are or were trained on: {lost[0]}, …"
        )
    joined = join_footage(
        {
            "the new footage": _select(new.footage, fresh),
            f"that of {champion}": _select(old.footage, {**known, "train": replayed}),
        },
        first_labels_win=True,
    )
    unchanging = (StoreDataConfig, SyntheticDataConfig)
    return DatasetStore(paths.store).add(
        name,
        replace(joined, notes=tuple(notes)),
        made_by=f"incremental training of {champion}",
        parents=[each.footage.dataset["dataset_sha256"] for each in (new, old) if each.footage.dataset],
        link_media=isinstance(new.config, unchanging) and isinstance(old.config, unchanging),
    )


def open_source(config: Data, paths: PathsConfig, seed: int, task: TaskName) -> Source:
    """Read the footage of a `data` section and divide it as a training of that task with that seed does."""
    footage = open_footage(config, Path(paths.data))
    if task != "context":  # which learns from annotations
        footage = drop_missing_frames(footage)
    splits = split_by_match(footage.clips, footage.splits, config.holdout, seed)
    return Source(config, footage, {name: getattr(splits, name) for name in SPLITS})


def champion_source(champion: VersionRef, manifest: Manifest, paths: PathsConfig, task: TaskName) -> Source:
    """Read the footage that a registered version was trained on.

    A stored dataset is found by its digest. Other footage is read again where it was, and has to hold the
    matches of the lineage in the same splits, with no fewer frames. Raises ChampionFootageLost.
    """
    recorded: Mapping[str, Any] = manifest.lineage.get("data", {})
    try:
        config = data_section(manifest.config["data"])
        if isinstance(config, StoreDataConfig):
            config = _find_stored(config, recorded, paths)
        source = open_source(config, paths, int(manifest.config["seed"]), task)
    except KeyError as error:
        raise ChampionFootageLost(champion, f"its record names no {error}") from error
    except RaasidError as error:
        raise ChampionFootageLost(champion, error) from error
    for split in SPLITS:
        wanted = recorded.get(split, {})
        clips = [clip for clip in source.parts[split] if clip.match in wanted.get("matches", ())]
        gone = sorted({*wanted.get("matches", ())} - {clip.match for clip in clips})
        if gone:
            raise ChampionFootageLost(
                champion, f"its {split} split lacks match {gone[0]!r} ({len(gone)} in all)"
            )
        if count_frames(clips) < wanted.get("frames", 0):
            reason = f"its {split} split has {count_frames(clips)} frames, and had {wanted['frames']}"
            raise ChampionFootageLost(champion, reason)
    return source


def one_split_per_match(
    sources: Sequence[Parts], trained: Collection[str] = ()
) -> tuple[list[dict[str, list[Clip]]], list[str]]:
    """Keep every match in one split, the one that is trained on most, and name those that left another one.

    trained: matches that must not be tested on, wherever they are.
    """
    split_of: dict[str, str | None] = {}
    for split in SPLITS:
        for clip in (clip for parts in sources for clip in parts[split]):
            split_of.setdefault(clip.match, None if split == "test" and clip.match in trained else split)
    kept = [
        {split: [clip for clip in parts[split] if split_of[clip.match] == split] for split in SPLITS}
        for parts in sources
    ]
    lost = {
        c.match for parts in sources for split in SPLITS for c in parts[split] if split_of[c.match] != split
    }
    return kept, sorted(lost)


def choose_replay(clips: Iterable[Clip], num_frames: int, seed: int) -> list[Clip]:
    """Choose whole matches until they hold `num_frames` frames, or all.

    Matches are in random order, after one for each tag, the rarest first: no situation is left out by chance.
    """
    by_match = {
        match: list(its) for match, its in groupby(sorted(clips, key=_match_and_id), lambda clip: clip.match)
    }
    order = sorted(by_match)
    random.Random(seed).shuffle(order)
    tags_of = {match: {tag for clip in by_match[match] for tag in clip.tags} for match in order}
    counts = Counter(tag for tags in tags_of.values() for tag in tags)
    first: list[str] = []
    for tag in sorted(counts, key=lambda tag: (counts[tag], tag)):
        if not any(tag in tags_of[match] for match in first):
            first.append(next(match for match in order if tag in tags_of[match]))
    chosen: list[Clip] = []
    for match in dict.fromkeys([*first, *order]):
        if count_frames(chosen) < num_frames:
            chosen += by_match[match]
    return chosen


def count_frames(clips: Iterable[Clip]) -> int:
    """Return how many frames clips have."""
    return sum(len(clip.frames) for clip in clips)


def _match_and_id(clip: Clip) -> tuple[str, str]:
    return clip.match, clip.id


def _find_stored(config: StoreDataConfig, recorded: Mapping[str, Any], paths: PathsConfig) -> StoreDataConfig:
    """Return the section with the version that was trained on: in the store in use, or in its own."""
    ref = f"{recorded['dataset'].partition('@')[0]}@{recorded['dataset_sha256']}"
    root = paths.store
    try:
        DatasetStore(root).find(ref)
    except DatasetMissing:
        root = config.root
    return config.model_copy(update={"dataset": ref, "root": root})


def _select(footage: Footage, parts: Parts) -> Footage:
    clips = [clip for split in SPLITS for clip in parts[split]]
    return replace(footage, clips=clips, splits={split: [c.id for c in parts[split]] for split in SPLITS})
