"""Which match single images belong to, for formats that do not say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from raasid.data.readers.yolo_matches import matches_of
from raasid.data.records import Clip


def with_matches(
    root: Path, clips: Iterable[Clip], splits: Mapping[str, Iterable[str]]
) -> tuple[list[Clip], list[str]]:
    """Return the clips, those of one image with the match that files and names tell, and notes.

    Clips of several frames, and those whose match is known, stay as they are: a clip is the least that is
    never split. Raises DataSheetUnreadable for a scenes.json that cannot be understood.
    """
    clips = list(clips)
    names = {clip.id: f"{clip.id}{clip.frames[0].image.suffix}" for clip in clips if _loose(clip)}
    split_of = {name: split for split, ids in splits.items() for name in ids}
    images: dict[str, list[str]] = {}
    for clip, name in names.items():
        images.setdefault(split_of.get(clip, ""), []).append(name)
    matches, notes = matches_of(root, images)
    return [
        replace(clip, provenance=replace(clip.provenance, match=matches[names[clip.id]]))
        if clip.id in names
        else clip
        for clip in clips
    ], notes


def _loose(clip: Clip) -> bool:
    return len(clip.frames) == 1 and not clip.frames[0].in_video and not clip.provenance.match
