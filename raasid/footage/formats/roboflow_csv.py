"""Reads the CSV export of Roboflow (TensorFlow): one table of pixel corners beside the images."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import splitext

from raasid.console.terminal import progress
from raasid.errors import DataRootMissing
from raasid.footage.formats.file_search import walk_files
from raasid.footage.formats.footage_builder import build_footage, group_by_match, split_from_name
from raasid.footage.formats.label_names import role_from_name
from raasid.footage.formats.media_lookup import missing_note
from raasid.footage.formats.parsing.csv_reader import Column, TableUnreadable, read_table
from raasid.footage.formats.parsing.values import (
    MAX_EDGE_PX,
    ValueUnusable,
    integer,
    label,
    number,
    safe_join,
)
from raasid.footage.formats.yolo import BallClassUnknown
from raasid.footage.formats.yolo_sheet import IMAGE_SUFFIXES
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Ball, Clip, Footage, Frame, Person, Provenance
from raasid.io.image_reader import ImageUnreadable, probe_image

EXPECTED = "_annotations.csv beside the images, or one each in train, valid and test"
_TABLE = "_annotations.csv"
_COLUMNS = (
    Column(("filename", "image", "file")),
    Column(("width",)),
    Column(("height",)),
    Column(("class", "label")),
    Column(("xmin", "x1")),
    Column(("ymin", "y1")),
    Column(("xmax", "x2")),
    Column(("ymax", "y2")),
)
_SLACK = 1.0
"""Pixels; exporters round corners, and count them from 0 or from 1."""

Corners = tuple[float, float, float, float]


@dataclass(slots=True)
class _ImageEntry:
    """One image and its boxes, as the rows of the table have them."""

    path: Path
    width: int
    height: int
    boxes: list[tuple[str, Corners]] = field(default_factory=list)


def read(root: Path, ball_class: str | None = "ball") -> Footage:
    """Read a CSV set: every image is a clip of one frame.

    ball_class: the ball's class; where no class has just that name, every class whose name ends with it
    (`Location-of-ball`, `football`). None when the set has no ball. Other classes become persons, with the
    role that their name says. An image without a row, or with a row that has no box, is a background image.
    Width and height are the table's; an image of another size is left out. Matches are as
    `match_grouping.group_by_match` returns them, so that augmented copies of one image stay together.
    Raises DataRootMissing, NoUsableSamples, BallClassUnknown, TableUnreadable, DataSheetUnreadable.
    Source: Roboflow's export of TensorFlow object detection CSV.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    quarantine = Quarantine()
    tables = [path for path in walk_files(root) if path.name.casefold() == _TABLE]
    entries: dict[str, _ImageEntry] = {}
    split_of: dict[str, str] = {}
    for table in tables:
        found = _read_table(table, root, quarantine, only=len(tables) == 1)
        entries |= found
        split_of |= dict.fromkeys(found, split_from_name(table.parent.name) or "")
    missing, unlabelled = _probed(root, entries, tables, split_of, quarantine)
    balls = _ball_classes(root, ball_class, {name for each in entries.values() for name, _ in each.boxes})
    per_split: dict[str, list[str]] = {}
    for name, split in split_of.items():
        if name in entries:
            per_split.setdefault(split, []).append(name)
    matches, notes = group_by_match(root, per_split)
    notes += missing_note("images", len(missing), len(entries), *missing[:1])
    if unlabelled:
        notes.append(f"{unlabelled} images stand in no table: they count as background")
    source = f"roboflow_csv:{root.resolve().name}"
    clips = (
        # each image is given up as its clip is made
        Clip(splitext(name)[0], (_frame(entries.pop(name), balls),), Provenance(source, match=matches[name]))
        for name in sorted(entries)
    )
    splits = {split: [splitext(name)[0] for name in names] for split, names in per_split.items() if split}
    return build_footage(root, clips, splits, quarantine, notes, EXPECTED)


def _read_table(table: Path, root: Path, quarantine: Quarantine, *, only: bool) -> dict[str, _ImageEntry]:
    """Read one table; image paths below the root -> what the rows say of them."""
    name = os.path.relpath(table, root)
    entries: dict[str, _ImageEntry] = {}
    places: dict[str, tuple[str, Path]] = {}

    def reject(line: int, reason: str) -> None:
        quarantine.add(name, reason, line)

    try:
        for line, cells in read_table(table, _COLUMNS, reject):
            try:
                if cells[0] not in places:
                    path = safe_join(table.parent, cells[0], "filename")
                    places[cells[0]] = os.path.relpath(path, root), path
                _take(cells, *places[cells[0]], entries)
            except ValueUnusable as error:
                reject(line, str(error))
    except TableUnreadable as error:
        if only:
            raise
        quarantine.add(name, error.reason)
    return entries


def _take(cells: list[str], name: str, path: Path, entries: dict[str, _ImageEntry]) -> None:
    size = [
        integer(cell, what, 1, MAX_EDGE_PX)
        for cell, what in zip(cells[1:3], ("width", "height"), strict=True)
    ]
    image = entries.setdefault(name, _ImageEntry(path, size[0], size[1]))
    if (image.width, image.height) != tuple(size):
        raise ValueUnusable(
            f"two sizes of one image: {size[0]}x{size[1]}, before {image.width}x{image.height}"
        )
    if any(cells[4:]):
        corners = _corners(cells[4:], size[0], size[1])
        entry = label(cells[3], "class"), corners
        if entry in image.boxes:
            raise ValueUnusable(f"duplicate row: {','.join(cells[3:])}")
        image.boxes.append(entry)


def _corners(cells: list[str], width: int, height: int) -> Corners:
    left, top, right, bottom = (
        number(cell, what) for cell, what in zip(cells, ("xmin", "ymin", "xmax", "ymax"), strict=True)
    )
    if min(left, top) < -_SLACK or right > width + _SLACK or bottom > height + _SLACK:
        raise ValueUnusable(f"box outside the image: {','.join(cells)} in {width}x{height}")
    left, top, right, bottom = max(left, 0.0), max(top, 0.0), min(right, width), min(bottom, height)
    if right <= left or bottom <= top:
        raise ValueUnusable(f"box without size: {','.join(cells)}")
    return left, top, right, bottom


def _probed(
    root: Path,
    entries: dict[str, _ImageEntry],
    tables: list[Path],
    split_of: dict[str, str],
    quarantine: Quarantine,
) -> tuple[list[str], int]:
    """Look at the images that are there; those that no row names join in as background.

    Returns the names of missing images, and how many were in no table.
    """
    there = {
        os.path.relpath(path, root): path
        for folder in sorted({table.parent for table in tables})
        for path in walk_files(folder)
        if path.suffix.lower() in IMAGE_SUFFIXES
    }
    unlabelled = 0
    folders = {os.path.relpath(table.parent, root): split_from_name(table.parent.name) for table in tables}
    with progress(f"reading {root.name or root}", total=len(there)) as update:
        for name, path in there.items():
            update(1)
            try:
                facts = probe_image(path)
            except ImageUnreadable as error:
                quarantine.add(name, error.reason)
                entries.pop(name, None)
                continue
            known = entries.get(name)
            if known is None:
                unlabelled += 1
                entries[name] = _ImageEntry(path, facts.width, facts.height)
                split_of[name] = folders.get(os.path.dirname(name) or ".") or ""  # noqa: PTH120
            elif (known.width, known.height) != (facts.width, facts.height):
                reason = f"size differs: the table has {known.width}x{known.height}, the file"
                quarantine.add(name, f"{reason} {facts.width}x{facts.height}")
                del entries[name]
    return [name for name in sorted(entries) if name not in there], unlabelled


def _ball_classes(root: Path, wanted: str | None, used: Iterable[str]) -> set[str]:
    names = sorted(used)
    if wanted is None or not names:
        return set()
    folded = label(wanted, "ball_class")
    found = {folded} & set(names) or {name for name in names if name.endswith(folded)}
    if not found:
        raise BallClassUnknown(root, wanted, dict(enumerate(names)))
    return found


def _frame(image: _ImageEntry, ball_classes: set[str]) -> Frame:
    balls: list[Ball] = []
    persons: list[Person] = []
    for name, (left, top, right, bottom) in image.boxes:
        w, h = right - left, bottom - top
        if name in ball_classes:
            balls.append(Ball((left + right) / 2, (top + bottom) / 2, w, h))
        else:
            persons.append(Person(len(persons), role_from_name(name), (left, top, w, h)))
    return Frame(0, image.path, image.width, image.height, tuple(balls), tuple(persons))
