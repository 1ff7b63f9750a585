"""Reads COCO detection and keypoint files, those with videos, and our own; writes our own.

Ours is COCO video JSON with the records of this package; it is imported with the checks of a reader.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from raasid.console.terminal import progress
from raasid.errors import DataError, DataRootMissing
from raasid.footage import coco_format
from raasid.footage.coco_format import AnnotationsUnreadable
from raasid.footage.formats.coco_rows import (
    Category,
    Id,
    ImageEntry,
    parse_annotation,
    parse_category,
    parse_id,
    parse_image,
    without_suffix,
)
from raasid.footage.formats.export_media import export_frames
from raasid.footage.formats.footage_builder import assign_matches, build_footage, split_from_name
from raasid.footage.formats.media_lookup import ImageLookup
from raasid.footage.formats.parsing.json_reader import JsonUnreadable, json_entries
from raasid.footage.formats.parsing.values import ValueUnusable, mapping, number, safe_join, short_repr, text
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Ball, Clip, Footage, Frame, Person, Provenance
from raasid.laws.facts import FactsUnreadable, read_facts

EXPECTED = "COCO JSON files in the folder itself, in annotations/, or in train, valid and test"


@dataclass(slots=True)
class _Contents:
    """Contents of a file except its annotations."""

    ours: bool = False
    images: dict[Id, ImageEntry] = field(default_factory=dict)
    videos: dict[Id, tuple[str, float]] = field(default_factory=dict)
    """Id -> name, frames per second."""
    categories: dict[Id, Category] = field(default_factory=dict)
    annotated: bool = False


def read(root: Path, ball_class: str | None = "ball") -> Footage:
    """Read every COCO file of a folder; each image is a clip, or each video where the file has `videos`.

    ball_class: name of the ball's category; `ball` includes common synonyms, None if there is none.
    Keypoints are put into COCO's order by their names. Categories that are neither ball nor person are
    counted in a note. Matches are as `match_grouping.group_by_match` returns them.
    A file that this package wrote is read in full, with all that COCO cannot hold.
    Raises DataRootMissing, NoUsableSamples; JsonUnreadable when the only file is unreadable.
    Source: COCO data format (cocodataset.org); TAO for videos; CVAT's `attributes`.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    quarantine, unused = Quarantine(), Counter[str]()
    files = ImageLookup(root, quarantine)
    clips: list[Clip] = []
    splits: dict[str, list[str]] = {}
    documents = _documents(root)
    with progress(f"reading {root.name or root}", total=len(documents)) as update:
        for path in documents:
            try:
                found = _document(path, root, files, ball_class, quarantine, unused)
            except DataError as error:
                if len(documents) == 1:
                    raise
                line, reason = (error.line, error.reason) if isinstance(error, JsonUnreadable) else (None, "")
                quarantine.add(files.relative(path), reason or f"annotations unreadable: {error}", line)
                found = []
            update(1)
            clips += found
            split = _split(path, root)
            splits.setdefault(split, []).extend(clip.id for clip in found)
    clips, missing = files.drop_missing_images(clips)
    splits.pop("", None)
    if (
        len(splits) < 2
    ):  # `test_x.json` on its own is no split: a part of something is held out, or nothing is
        splits = {}
    clips, notes = assign_matches(root, clips, splits)
    notes += missing
    if unused:
        named = ", ".join(f"{name} ({count})" for name, count in unused.most_common(5))
        notes.append(f"{unused.total()} annotations are neither ball nor person and not used: {named}")
    return build_footage(root, clips, splits, quarantine, notes, EXPECTED)


def _documents(root: Path) -> list[Path]:
    """List the JSON files, keypoint files first: of two that list an image, the first counts."""
    folders = [root, root / "annotations"]
    folders += sorted(path for path in root.iterdir() if path.is_dir() and split_from_name(path.name))
    found = [path for folder in folders for path in folder.glob("*.json") if path.name != "scenes.json"]
    return sorted(found, key=lambda path: ("keypoints" not in path.name, path))


def _split(path: Path, root: Path) -> str:
    """Return the split that the folder or a part of the file's name says; empty when none does."""
    named = split_from_name(path.parent.name) if path.parent != root else None
    parts = re.split(r"[\W\d_]+", path.stem)
    return named or next((split for split in map(split_from_name, parts) if split), "")


def _document(
    path: Path,
    root: Path,
    files: ImageLookup,
    ball_class: str | None,
    quarantine: Quarantine,
    unused: Counter[str],
) -> list[Clip]:
    name = files.relative(path)
    contents = _contents(path, name, ball_class, quarantine)
    if contents.ours:
        return read_native(path)
    if not contents.images or (contents.annotated and not contents.categories):
        wanting = "categories" if contents.images else "images"
        quarantine.add(name, f"no COCO annotations: the file has no {wanting}")
        return []
    found: dict[Id, list[Ball | Person]] = {}
    for key, line, entry in json_entries(path):
        if key == "annotations":
            try:
                _take(entry, contents, found, unused)
            except ValueUnusable as error:
                quarantine.add(name, str(error), line)
    folders = _folders(path, root)
    frames: dict[Id, list[Frame]] = {}
    loose: list[Clip] = []
    source = f"coco:{root.resolve().name}"
    for image_id, image in contents.images.items():
        placed = files.find(Path(image.name), folders, image.size)
        if placed is None:
            continue
        frame = _frame(image, placed, found.pop(image_id, ()))
        if image.video in contents.videos and image.video is not None:
            frames.setdefault(image.video, []).append(frame)
        else:
            provenance = Provenance(source, image.license)
            loose.append(Clip(without_suffix(image.name), (replace(frame, index=0),), provenance))
    for video, shots in frames.items():
        title, rate = contents.videos[video]
        ordered = tuple(_distinct(sorted(shots, key=lambda frame: frame.index), name, quarantine))
        loose.append(Clip(title, ordered, Provenance(source), rate))
    return loose


def _contents(path: Path, name: str, ball_class: str | None, quarantine: Quarantine) -> _Contents:
    contents = _Contents()
    licenses: dict[Id, str] = {}
    for key, line, entry in json_entries(path):
        try:
            if key == "info":
                contents.ours = isinstance(entry, dict) and "raasid" in entry
            elif key == "licenses":
                given = mapping(entry, "license")
                licenses[parse_id(given.get("id"), "license id")] = text(given.get("name"), "license name")
            elif key == "categories":
                number_, kind = parse_category(entry, ball_class)
                contents.categories[number_] = kind
            elif key == "videos":
                given = mapping(entry, "video")
                title = text(given.get("name", given.get("file_name")), "video name")
                rate = number(given.get("fps", given.get("frame_rate", 25.0)), "fps", 0.01, 1000)
                contents.videos[parse_id(given.get("id"), "video id")] = title, rate
            elif key == "images":
                _image(entry, licenses, contents)
            elif key == "annotations":
                contents.annotated = True
        except ValueUnusable as error:
            quarantine.add(name, str(error), line)
        if contents.ours:
            break
    return contents


def _image(entry: object, licenses: Mapping[Id, str], contents: _Contents) -> None:
    key, image = parse_image(entry, licenses)
    if key in contents.images:
        raise ValueUnusable(f"image id twice: {short_repr(key)}")
    contents.images[key] = image


def _take(
    entry: object, contents: _Contents, found: dict[Id, list[Ball | Person]], unused: Counter[str]
) -> None:
    given = mapping(entry, "annotation")
    image = parse_id(given.get("image_id"), "image_id")
    if image not in contents.images:
        raise ValueUnusable(f"image_id of no image: {short_repr(image)}")
    number_ = parse_id(given.get("category_id"), "category_id")
    kind = contents.categories.get(number_)
    if kind is None:
        raise ValueUnusable(f"category_id of no category: {short_repr(number_)}")
    if not kind.ball and kind.role is None:
        unused[kind.name] += 1
        return
    found.setdefault(image, []).append(parse_annotation(given, kind))


def _frame(image: ImageEntry, placed: tuple[Path, int, int], found: Iterable[Ball | Person]) -> Frame:
    balls = tuple(each for each in found if isinstance(each, Ball))
    persons = [each for each in found if isinstance(each, Person)]
    free = max((person.track for person in persons), default=-1) + 1
    numbered = []
    for person in persons:
        numbered.append(replace(person, track=free) if person.track < 0 else person)
        free += person.track < 0
    return Frame(image.index, *placed, balls, tuple(numbered))


def _distinct(frames: Iterable[Frame], name: str, quarantine: Quarantine) -> Iterator[Frame]:
    before: int | None = None
    for frame in frames:
        if frame.index == before:
            quarantine.add(name, f"two images for one frame of a video: {short_repr(frame.image.name)}")
        else:
            yield frame
        before = frame.index


def _folders(path: Path, root: Path) -> list[Path]:
    """List where the images may lie: beside the file, in images/, or in a folder called like its split."""
    tail = path.stem.rpartition("_")[2]
    bases = [path.parent] if path.parent == root or path.parent.name != "annotations" else []
    bases += [root]
    found = [export_frames for base in bases for export_frames in (base, base / "images")]
    found += [root / tail, root / "images" / tail]
    return [export_frames for export_frames in dict.fromkeys(found) if export_frames.is_dir()] or [root]


def read_native(path: Path) -> list[Clip]:
    """Return the clips of a file in our own format.

    Raises AnnotationsUnreadable, also for names and facts that no reader would have accepted.
    """
    clips = coco_format.read(path.parent, path.name)
    try:
        for clip in clips:
            _check_texts(clip, path.parent)
            read_facts(clip.facts)
    except (ValueUnusable, FactsUnreadable) as error:
        raise AnnotationsUnreadable(path, f"is not what `write` leaves: {error}; write it again") from error
    return clips


def _check_texts(clip: Clip, folder: Path) -> None:
    text(clip.id, "clip id")
    optional = {field.name: getattr(clip.provenance, field.name) for field in fields(Provenance)}
    if clip.ruling is not None:
        optional |= {"clause": clip.ruling.clause, "edition": clip.ruling.edition}
    optional |= {f"event {number}": event.team for number, event in enumerate(clip.events)}
    for what, value in optional.items():
        if isinstance(value, str):
            text(value, what, empty=True)
    for tag in clip.tags:
        text(tag, "tag")
    for event in clip.events:
        for name in (event.label, *event.attributes):
            text(name, "event")
    for image in {frame.image for frame in clip.frames}:
        safe_join(folder, image.relative_to(folder).as_posix(), "file_name")
    for frame in clip.frames:
        for tag in frame.tags:
            text(tag, "tag")
        for source in {record.source for records in (frame.balls, frame.persons) for record in records}:
            if source is not None:
                text(source.name, "source")
        for person in frame.persons:
            text(person.team or "", "team", empty=True)
            text(person.jersey or "", "jersey", empty=True)


def write_coco(footage: Footage, folder: Path) -> int:
    """Write images and annotations; ids of images and annotations count from 1 in the footage's order.

    The file is COCO video JSON: tools that know images alone find them, others find `videos` as well.
    Source: COCO data format (cocodataset.org).
    """
    frames: dict[str, list[Frame]] = {clip.id: [] for clip in footage.clips}
    count = 0
    for placed in export_frames(footage, folder, "images"):
        frames[placed.clip.id].append(
            replace(placed.frame, image=Path("images", placed.name), in_video=False)
        )
        count += 1
    clips = [replace(clip, frames=tuple(frames[clip.id])) for clip in footage.clips if frames[clip.id]]
    coco_format.write(clips, folder)
    return count
