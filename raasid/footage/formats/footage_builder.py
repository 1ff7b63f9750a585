"""Builds `Footage` from the clips of a reader: their matches, their order, and the names of splits."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from posixpath import splitext

from raasid.errors import NoUsableSamples
from raasid.escaping import printable
from raasid.footage.formats.parsing.json_reader import JsonUnreadable, read_json
from raasid.footage.formats.yolo_sheet import DataYamlUnreadable
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Clip, Footage

_AUGMENTED_COPY = re.compile(r"^(?P<source>.+?)(?:_(?:jpe?g|png|bmp|webp|tiff?))?\.rf\.[0-9A-Za-z]+$")

_SERIES_NAME = re.compile(r"^(?P<series>.*[^\d_. -])[_. -]*\d+$")


def group_by_match(root: Path, images: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], list[str]]:
    """Return the match of each image, and notes for the user.

    images: split -> paths relative to the root (split `` if there are none).

    `scenes.json` in the root, `{"file name or relative path": scene}`, decides: match `scene-<scene>`.
    Without it, names decide: augmented copies of an image, as Roboflow names them (`x_jpg.rf.<hash>.jpg`),
    are one image `x`; images numbered within several series (`cup_final_000123`, `derby_000007`) are a match
    per series. If the entire set is one series (`img_17`) or names have no number, every image is a match.
    A series is a guess: where the declared splits cut one, its parts are different matches, with a note.
    Raises DataYamlUnreadable for an invalid scenes.json, because splits would leak.
    """
    paths = {path for split in images.values() for path in split}
    scenes = _read_scenes(root / "scenes.json")
    if scenes is None:
        return _by_name(images)
    matches, unknown = {}, []
    for path in sorted(paths):
        scene = scenes.get(path, scenes.get(path.rpartition("/")[2]))
        if scene is None:
            unknown.append(path)
        matches[path] = source_image(path) if scene is None else f"scene-{scene}"
    if not unknown:
        return matches, []
    note = f"scenes.json names no scene for {len(unknown)} of {len(paths)} images, such as {unknown[0]}"
    return matches, [f"{note}; each counts as a match of its own"]


def source_image(path: str) -> str:
    """Return the relative path without suffix; for an augmented copy, the bare name of its source.

    Copies of an image match across the folders of splits, while `train/0001` and `val/0001` are two images.
    """
    plain = splitext(path)[0]
    exported = _AUGMENTED_COPY.match(plain.rpartition("/")[2])
    return exported["source"] if exported else plain


def _by_name(images: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], list[str]]:
    sources = {path: source_image(path) for split in images.values() for path in split}
    members: dict[str, set[str]] = defaultdict(set)
    for source in set(sources.values()):
        if numbered := _SERIES_NAME.match(source.rpartition("/")[2]):
            members[numbered["series"]].add(source)
    series_of = {source: series for series, group in members.items() if len(group) > 1 for source in group}
    if len(set(series_of.values())) < 2:
        series_of = {}
    splits_of: dict[str, set[str]] = defaultdict(set)
    for split, paths in images.items():
        for path in paths:
            if sources[path] in series_of:
                splits_of[series_of[sources[path]]].add(split)
    cut = sorted(series for series, splits in splits_of.items() if len(splits) > 1)
    matches = {}
    for split, paths in images.items():
        for path in paths:
            series = series_of.get(sources[path])
            matches[path] = (
                sources[path] if series is None else f"{series}-{split}" if series in cut else series
            )
    if not cut:
        return matches, []
    note = f"names look as if {len(cut)} series of frames were cut by the declared splits, such as {cut[0]!r}"
    return matches, [f"{note}: figures may flatter; a scenes.json in the data root would tell"]


def _read_scenes(path: Path) -> dict[str, str | int] | None:
    if not path.exists():
        return None
    try:
        scenes = read_json(path)
    except JsonUnreadable as error:
        raise DataYamlUnreadable(path, error.line, error.reason) from error
    if not isinstance(scenes, dict) or not all(type(scene) in (int, str) for scene in scenes.values()):
        raise DataYamlUnreadable(path, None, 'expected {"file name": scene id}, the id a number or a text')
    return scenes


def assign_matches(
    root: Path, clips: Iterable[Clip], splits: Mapping[str, Iterable[str]]
) -> tuple[list[Clip], list[str]]:
    """Return the clips with a match for every clip of one image, and notes.

    Clips of several frames, and those with a match, stay as they are.
    Raises DataYamlUnreadable for an invalid scenes.json.
    """
    clips = list(clips)
    names = {clip.id: f"{clip.id}{clip.frames[0].image.suffix}" for clip in clips if _is_single_image(clip)}
    split_of = {printable(name): split for split, ids in splits.items() for name in ids}
    images: dict[str, list[str]] = {}
    for clip, name in names.items():
        images.setdefault(split_of.get(clip, ""), []).append(name)
    matches, notes = group_by_match(root, images)
    return [
        replace(clip, provenance=replace(clip.provenance, match=matches[names[clip.id]]))
        if clip.id in names
        else clip
        for clip in clips
    ], notes


def _is_single_image(clip: Clip) -> bool:
    return len(clip.frames) == 1 and not clip.frames[0].in_video and not clip.provenance.match


SPLIT_SPELLINGS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
"""Split -> names of its folders and files."""


def split_from_name(name: str) -> str | None:
    """Return the split that a folder or file name means, or None."""
    folded = name.casefold()
    return next((split for split, spellings in SPLIT_SPELLINGS.items() if folded in spellings), None)


def build_footage(
    root: Path,
    clips: Iterable[Clip],
    splits: Mapping[str, Iterable[str]],
    quarantine: Quarantine,
    notes: Iterable[str],
    expected: str,
) -> Footage:
    """Sort clips by id, keep the first of each, and limit the splits to them.

    expected: layout of the format, for the error message. Raises NoUsableSamples if there is no clip.
    """
    kept: dict[str, Clip] = {}
    for clip in clips:
        if kept.setdefault(clip.id, clip) is not clip:
            quarantine.add(clip.id, f"second clip of one name: {clip.id}; the first one counts")
    if not kept:
        first = "".join(f"; the first: {entry.path}: {entry.reason}" for entry in islice(quarantine, 1))
        raise NoUsableSamples(root, quarantine.describe() + first if quarantine else f"expected {expected}")
    declared = {split: sorted(set(map(printable, ids)) & kept.keys()) for split, ids in splits.items()}
    return Footage(
        [kept[name] for name in sorted(kept)],
        {split: ids for split, ids in declared.items() if ids},
        quarantine,
        tuple(notes),
    )
