"""Join footage: the clips of several sources as one, each clip once, each match in one split."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from raasid.errors import DataError
from raasid.footage.records import Clip, Footage
from raasid.footage.splits import SPLITS, split_by_match
from raasid.footage.version import changed_fields
from raasid.io.file_digests import FileDigests

_SEED = 1
"""Of the splits of a source that declares none, as a training draws them by default."""


class ClipsDiffer(DataError):
    """Two sources have a clip of the same id, and it is not the same clip."""

    def __init__(self, clip: str, first: str, second: str, fields: Iterable[str]) -> None:
        super().__init__(
            f"clip {clip!r} of {first} is not that of {second}: they differ in {', '.join(fields)}; "
            "`raasid data diff` lists all such clips; leave one of the sources out, or rename its clips"
        )


class MatchInTwoSplits(DataError):
    """A match that would be trained on and tested on."""

    def __init__(self, match: str, places: Iterable[tuple[str, str]], more: int) -> None:
        named = " and ".join(f"in {split} of {source}" for split, source in places)
        others = f", and so are {more} other matches" if more else ""
        super().__init__(
            f"match {match!r} is {named}{others}: what is trained on must not be tested on; "
            "declare its clips in one split, or leave one of the sources out"
        )


def join_footage(sources: Mapping[str, Footage], *, first_labels_win: bool = False) -> Footage:
    """Return the clips of all sources; those of one id and equal content are kept once.

    sources: by a name for messages. A source that declares no splits, where others do, is split as in a
    training. first_labels_win: of clips that differ in their labels alone, that of the first source is kept.
    Raises ClipsDiffer, MatchInTwoSplits, TooFewMatches, FileUnreadable.
    """
    media = {path: digest for footage in sources.values() for path, digest in footage.media.items()}
    found: dict[str, tuple[str, Clip]] = {}
    for name, footage in sources.items():
        for clip in footage.clips:
            first, known = found.setdefault(clip.id, (name, clip))
            if known is clip:
                continue
            differing = changed_fields(known, clip, media | _missing_digests((known, clip), media))
            if {*differing} & {"media", "frames"} or (differing and not first_labels_win):
                raise ClipsDiffer(clip.id, first, name, differing)
    clips = {name: clip for name, (_, clip) in sorted(found.items())}
    declare = any(footage.splits for footage in sources.values())
    declared = {name: _declared_splits(footage) if declare else {} for name, footage in sources.items()}
    _refuse_leakage(declared, clips)
    splits: dict[str, list[str]] = {}
    for its_splits in declared.values():
        for split, ids in its_splits.items():
            splits[split] = sorted({*splits.get(split, ()), *ids})
    return Footage([*clips.values()], splits, media=media)


def select_clips(footage: Footage, tags: Collection[str] = (), splits: Collection[str] = ()) -> Footage:
    """Return the clips that carry one of the tags and are in one of the splits; empty: all.

    Footage that declares no splits is split as in a training. Raises TooFewMatches.
    """
    if splits:
        footage = replace(footage, splits=_declared_splits(footage))
    wanted = {name for split in splits for name in footage.splits.get(split, ())}
    clips = [
        clip
        for clip in footage.clips
        if (not tags or {*clip.tags} & {*tags}) and (not splits or clip.id in wanted)
    ]
    ids = {clip.id for clip in clips}
    kept = {split: [name for name in names if name in ids] for split, names in footage.splits.items()}
    return replace(footage, clips=clips, splits=kept, dataset={})


def _missing_digests(clips: Iterable[Clip], known: Mapping[Path, str]) -> dict[Path, str]:
    files = {frame.image for clip in clips for frame in clip.frames} - known.keys()
    return FileDigests().of(sorted(files), "comparing clips")


def _declared_splits(footage: Footage) -> dict[str, list[str]]:
    if footage.splits:
        return footage.splits
    splits = split_by_match(footage.clips, {}, 0, _SEED)
    return {name: [clip.id for clip in getattr(splits, name)] for name in SPLITS}


def _refuse_leakage(declared: Mapping[str, Mapping[str, Collection[str]]], clips: Mapping[str, Clip]) -> None:
    places: dict[str, dict[str, str]] = {}
    for source, splits in declared.items():
        for split in SPLITS:
            for name in splits.get(split, ()):
                if name in clips:
                    places.setdefault(clips[name].match, {}).setdefault(split, source)
    leaking = sorted(match for match, its in places.items() if len(its) > 1)
    if leaking:
        raise MatchInTwoSplits(leaking[0], places[leaking[0]].items(), len(leaking) - 1)
