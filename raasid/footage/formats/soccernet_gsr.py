"""Reads SoccerNet game-state reconstruction: Labels-GameState.json of any size."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raasid.console.terminal import progress
from raasid.errors import DataRootMissing
from raasid.footage.formats.file_search import walk_files
from raasid.footage.formats.footage_builder import build_footage, split_from_name
from raasid.footage.formats.label_names import role_from_name
from raasid.footage.formats.media_lookup import ImageLookup
from raasid.footage.formats.parsing.json_reader import JsonUnreadable, json_entries
from raasid.footage.formats.parsing.values import (
    MAX_EDGE_PX,
    MAX_TRACK_ID,
    ValueUnusable,
    integer,
    mapping,
    number,
    safe_join,
    shared_float,
    short_repr,
    text,
)
from raasid.footage.formats.soccernet_gameinfo import match_name, parse_action
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Ball, Clip, Footage, Frame, Person, Provenance

LABELS = "Labels-GameState.json"
EXPECTED = f"folders SNGS-xxx with {LABELS}"
_CATEGORIES = {
    1: "player",
    2: "goalkeeper",
    3: "referee",
    4: "ball",
    5: "pitch",
    6: "camera",
    7: "other",
}
"""As the format has them; a file's own list may say otherwise."""
_FAR_OUT_M = 1000.0


@dataclass(slots=True)
class _Contents:
    """Contents of a file except its annotations."""

    info: dict[str, Any] = field(default_factory=dict)
    images: dict[str, tuple[int, str, tuple[int, int]]] = field(default_factory=dict)
    """Id -> index, file name, size."""
    categories: dict[int, str] = field(default_factory=lambda: dict(_CATEGORIES))


def read(root: Path) -> Footage:
    """Read every sequence at or below a folder; each is a clip, its frames are the file's `images`.

    `bbox_pitch` becomes `Person.pitch_xy_m`, the middle of the box's lower edge. Lines of the pitch and
    cameras are not used; a note counts them. The file is read twice, entry by entry.
    Raises DataRootMissing, NoUsableSamples; JsonUnreadable when the only file is unreadable.
    Source: SoccerNet-GSR's data format, version 1.3.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    quarantine, unused = Quarantine(), Counter[str]()
    files = ImageLookup(root, quarantine)
    documents = [path for path in walk_files(root) if path.name == LABELS]
    clips: list[Clip] = []
    splits: dict[str, list[str]] = {}
    with progress(f"reading {root.name or root}", total=len(documents)) as update:
        for path in documents:
            try:
                clip = _clip(path, root, files, quarantine, unused)
            except JsonUnreadable as error:
                if len(documents) == 1:
                    raise
                quarantine.add(files.relative(path), error.reason, error.line)
                clip = None
            update(1)
            if clip is None:
                continue
            clips.append(clip)
            parents = path.parent.relative_to(root).parts[:-1]
            split = next((found for found in map(split_from_name, parents) if found), None)
            if split:
                splits.setdefault(split, []).append(clip.id)
    clips, notes = files.drop_missing_images(clips)
    if unused:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(unused.items()))
        notes = (*notes, f"annotations that are not used: {counts}")
    return build_footage(root, clips, splits, quarantine, notes, EXPECTED)


def _clip(
    path: Path, root: Path, files: ImageLookup, quarantine: Quarantine, unused: Counter[str]
) -> Clip | None:
    name = files.relative(path)
    contents = _contents(path, name, quarantine)
    if not contents.images:
        quarantine.add(name, "no images: the file lists none")
        return None
    found: dict[str, list[Ball | Person]] = {}
    for line, entry in _of(path, "annotations"):
        try:
            given = mapping(entry, "annotation")
            image = text(given.get("image_id"), "image_id")
            if image not in contents.images:
                raise ValueUnusable(f"image_id of no image: {short_repr(image)}")
            record = _record(given, contents.categories)
            if isinstance(record, str):
                unused[record] += 1
            else:
                found.setdefault(image, []).append(record)
        except ValueUnusable as error:
            quarantine.add(name, str(error), line)
    try:
        rate = number(contents.info.get("frame_rate") or 25.0, "frame_rate", 0.01, 1000)
        folder = safe_join(path.parent, contents.info.get("im_dir") or "img1", "im_dir")
    except ValueUnusable as error:
        quarantine.add(name, str(error))
        return None
    frames: dict[int, Frame] = {}
    for image, (index, file_name, size) in contents.images.items():
        placed = files.find(Path(file_name), [folder], size)
        records = found.pop(image, [])
        if index in frames:
            quarantine.add(name, f"second image of one frame: {short_repr(file_name)}")
        elif placed is not None:
            balls = tuple(each for each in records if isinstance(each, Ball))
            persons = {each.track: each for each in reversed(records) if isinstance(each, Person)}
            if len(balls) + len(persons) < len(records):
                quarantine.add(name, f"second box of a track in one frame: {short_repr(file_name)}")
            frames[index] = Frame(index, *placed, balls, tuple(persons.values())[::-1])
    plain = {key.replace("_", ""): value for key, value in contents.info.items()}
    tags, events = parse_action(plain, rate)
    title = files.relative(path.parent) if path.parent != root else root.resolve().name
    provenance = Provenance(f"gsr:{root.resolve().name}", match=match_name(plain))
    ordered = tuple(frames[index] for index in sorted(frames))
    return Clip(title, ordered, provenance, rate, tags=tags, events=events) if ordered else None


def _of(path: Path, wanted: str) -> Iterator[tuple[int, Any]]:
    return ((line, entry) for key, line, entry in json_entries(path) if key == wanted)


def _contents(path: Path, name: str, quarantine: Quarantine) -> _Contents:
    contents = _Contents()
    for key, line, entry in json_entries(path):
        try:
            if key == "info":
                contents.info = mapping(entry, "info")
            elif key == "categories":
                given = mapping(entry, "category")
                number_ = integer(given.get("id"), "category id", 0, 1_000_000)
                contents.categories[number_] = text(given.get("name"), "category name")
            elif key == "images":
                _image(mapping(entry, "image"), contents)
        except ValueUnusable as error:
            quarantine.add(name, str(error), line)
    return contents


def _image(given: Mapping[str, Any], contents: _Contents) -> None:
    image = text(given.get("image_id"), "image_id")
    if image in contents.images:
        raise ValueUnusable(f"image_id twice: {short_repr(image)}")
    place = safe_join(Path(), given.get("file_name"), "file_name")
    size = (
        integer(given.get("width") or 0, "width", 0, MAX_EDGE_PX),
        integer(given.get("height") or 0, "height", 0, MAX_EDGE_PX),
    )
    index = integer(place.stem, "number in file_name", 1) - 1
    contents.images[image] = index, place.as_posix(), size


def _record(given: Mapping[str, Any], categories: Mapping[int, str]) -> Ball | Person | str:
    """Return the record, or the name of a category that is not used."""
    category = given.get("category_id")
    known = categories.get(category) if isinstance(category, int) else None
    supercategory = given.get("supercategory")
    if supercategory in ("pitch", "camera") or known in ("pitch", "camera"):
        return str(supercategory if supercategory in ("pitch", "camera") else known)
    attributes = given.get("attributes")
    attributes = attributes if isinstance(attributes, dict) else {}
    role = attributes.get("role") or known
    if not isinstance(role, str):
        raise ValueUnusable(f"neither role nor known category: {short_repr(role)}, {short_repr(category)}")
    image_box = mapping(given.get("bbox_image"), "bbox_image")
    x, y, w, h = (
        shared_float(number(image_box.get(key), f"bbox_image {key}")) for key in ("x", "y", "w", "h")
    )
    if w <= 0 or h <= 0:
        raise ValueUnusable(f"box without size: {w:g} x {h:g}")
    if role.strip().casefold() == "ball":
        return Ball(x + w / 2, y + h / 2, w, h)
    return Person(
        integer(given.get("track_id"), "track_id", 0, MAX_TRACK_ID),
        role_from_name(role),
        (x, y, w, h),
        _side(attributes.get("team")),
        jersey=_jersey(attributes.get("jersey")),
        pitch_xy_m=_pitch(given.get("bbox_pitch")),
    )


def _side(value: object) -> str | None:
    return next((side for side in ("left", "right") if side == value), None)


def _jersey(value: object) -> str | None:
    """Return a number of up to three digits; one object for each, since a file repeats it in every frame."""
    spelt = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(spelt, str) and re.fullmatch(r"[0-9]{1,3}", spelt):
        return sys.intern(spelt)
    return None


def _pitch(value: object) -> tuple[float, float] | None:
    if value is None:
        return None
    given = mapping(value, "bbox_pitch")
    x, y = (
        number(given.get(key), f"bbox_pitch {key}", -_FAR_OUT_M, _FAR_OUT_M)
        for key in ("x_bottom_middle", "y_bottom_middle")
    )
    return x, y
