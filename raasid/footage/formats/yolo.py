"""Reads YOLO detection and pose sets."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterable
from itertools import islice
from pathlib import Path
from posixpath import splitext
from shlex import quote

from raasid.console.terminal import progress
from raasid.errors import DataError, DataRootMissing, NoUsableSamples
from raasid.escaping import printable
from raasid.footage.formats.file_search import walk_files
from raasid.footage.formats.footage_builder import build_footage, group_by_match
from raasid.footage.formats.yolo_labels import LabelledObject, parse_labels
from raasid.footage.formats.yolo_sheet import DataYaml, read_data_yaml
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Ball, Clip, Footage, Frame, Person, Provenance, Role
from raasid.io.image_reader import ImageHeader, ImageUnreadable, probe_image

EXPECTED = "a YOLO set: data.yaml, images/<split> and labels/<split>, or <split>/images and <split>/labels"
_ROLES: dict[str, Role] = {
    "player": "player",
    "person": "player",
    "goalkeeper": "goalkeeper",
    "keeper": "goalkeeper",
    "referee": "referee",
}
_NO_LABELS = {"classes.txt", "notes.txt", "readme.txt"}


class BallClassUnknown(DataError):
    """`data.ball_class` is no class of this set."""

    def __init__(self, root: Path, wanted: str | int, names: dict[int, str]) -> None:
        if len(names) == 1:
            nearest = next(iter(names.values()))
        else:
            near = [name for name in names.values() if str(wanted).lower() in name.lower()]
            near += difflib.get_close_matches(str(wanted), names.values(), n=1)
            nearest = near[0] if near else "<one of them>"
        listed = ", ".join(f"{number}: {name}" for number, name in names.items())
        super().__init__(
            f"{root}: no class is called {wanted!r}; the set has {listed}. "
            f"Set {quote(f'data.ball_class={nearest}')}, or data.ball_class=null for a set without a ball"
        )


class BallClassUnclear(DataError):
    """A set that names no classes but uses several."""

    def __init__(self, root: Path, wanted: str, used: list[int]) -> None:
        ids = ", ".join(map(str, used))
        super().__init__(
            f"{root}: nothing names the classes, and the labels use {ids}, so {wanted!r} may be any of them; "
            f"set data.ball_class to its number, or add names to data.yaml"
        )


def read(root: Path, ball_class: str | int | None = "ball") -> Footage:
    """Read a YOLO set: every image is a clip of one frame.

    ball_class: name (upper and lower case are one) or number of the ball's class; None when the set has no
    ball. Players, goalkeepers and referees become persons with that role, every other class a person
    with role `other`. `Frame.balls` keeps the order of the file. An image without a label file, or with
    an empty one, is a background image. Clip ids are the images' paths below the root, without
    extension; matches are as `match_grouping.group_by_match` returns them.
    Bad rows, labels and images go to `quarantine`, and the rest of the row's file still counts.
    Raises DataRootMissing, NoUsableSamples, DataSheetUnreadable, BallClassUnknown, BallClassUnclear.
    Source: Ultralytics dataset documentation (detect, pose); Roboflow's export layout.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    root = Path(os.path.normpath(root))
    quarantine = Quarantine()
    sheet = read_data_yaml(root, quarantine)
    names = {path: _relative(path, root) for paths in sheet.images.values() for path in paths}
    usable, labels = _load(root, sheet, names, quarantine)
    if not usable:
        first = "".join(f"; the first: {entry.path}: {entry.reason}" for entry in islice(quarantine, 1))
        raise NoUsableSamples(root, quarantine.describe() + first if quarantine else f"expected {EXPECTED}")
    if sheet.keypoint_shape and sheet.keypoint_shape[0] != NUM_KEYPOINTS:
        points = sheet.keypoint_shape[0]
        quarantine.add(
            "data.yaml", f"keypoints not used: kpt_shape has {points}, only COCO's {NUM_KEYPOINTS} are"
        )
    ball = _ball_id(root, ball_class, sheet, (row.class_id for rows in labels.values() for row in rows))
    kept = {split: [names[path] for path in paths if path in usable] for split, paths in sheet.images.items()}
    matches, notes = group_by_match(root, kept)
    notes += [
        f"no image of {split or 'the set'} has a label: all {len(paths)} count as background"
        for split, paths in kept.items()
        if paths and not any(labels[path] for path in sheet.images[split] if path in usable)
    ]
    clips = []
    source = f"yolo:{root.resolve().name}"
    for path, facts in usable.items():
        frame = _frame(path, facts, labels[path], ball, sheet.names)
        provenance = Provenance(source=source, match=matches[names[path]])
        clips.append(Clip(_clip_id(names[path]), (frame,), provenance))
    splits = {split: sorted(map(_clip_id, paths)) for split, paths in kept.items() if split}
    return build_footage(root, clips, splits, quarantine, notes, EXPECTED)


def _load(
    root: Path, sheet: DataYaml, names: dict[Path, str], quarantine: Quarantine
) -> tuple[dict[Path, ImageHeader], dict[Path, list[LabelledObject]]]:
    """Probe each image and parse its labels; what is bad goes to `quarantine`."""
    usable: dict[Path, ImageHeader] = {}
    labels: dict[Path, list[LabelledObject]] = {}
    owner: dict[str, str] = {}
    with progress(f"reading {root.name or root}", total=len(names)) as update:
        for path, name in sorted(names.items(), key=lambda item: item[1]):
            update(1)
            label = _label_path(path, name, root)
            if owner.setdefault(label, name) != name:
                quarantine.add(name, f"two images for one label file: {owner[label]} is the other")
                continue
            try:
                facts = probe_image(path)
                labels[path] = _rows(label, root, sheet, quarantine)
                usable[path] = facts
            except ImageUnreadable as error:
                quarantine.add(name, error.reason)
            except OSError as error:
                quarantine.add(name, f"label file cannot be read: {_relative(label, root)}: {error.strerror}")
    _note_orphans(root, owner.keys(), quarantine)
    return usable, labels


def _rows(label: str, root: Path, sheet: DataYaml, quarantine: Quarantine) -> list[LabelledObject]:
    rows: list[LabelledObject] = []
    classes = sheet.names.keys() if sheet.names else None
    try:
        with open(label, "rb") as file:  # noqa: PTH123 - a Path per label would cost more than the reading
            text = file.read()
    except FileNotFoundError:  # a background image
        return rows
    for number, row in parse_labels(text, classes, sheet.keypoint_shape):
        if isinstance(row, LabelledObject):
            rows.append(row)
        else:
            quarantine.add(_relative(label, root), row, number)
    return rows


def _note_orphans(root: Path, used: Collection[str], quarantine: Quarantine) -> None:
    """Note label files without an image below the set's `labels` folders."""
    for folder in (root / "labels", *sorted(root.glob("*/labels"))):
        for label in walk_files(folder) if folder.is_dir() else ():
            if label.suffix == ".txt" and str(label) not in used and label.name.lower() not in _NO_LABELS:
                reason = "label file without image: no usable split has an image of that name"
                quarantine.add(_relative(label, root), reason)


def _label_path(image: Path, name: str, root: Path) -> str:
    """Return where the labels of an image are: `images` becomes `labels`, else beside the image."""
    plain = splitext(name)[0]
    if "images" in (parts := plain.split("/"))[:-1]:
        return f"{root}/{_swapped(parts)}.txt"
    outside = str(image.absolute().with_suffix(".txt")).split("/")
    if "images" in outside[:-1] and os.path.isfile(swapped := _swapped(outside)):  # noqa: PTH113
        return swapped
    return str(image.with_suffix(".txt"))


def _swapped(parts: list[str]) -> str:
    last = len(parts) - 2 - parts[-2::-1].index("images")
    return "/".join((*parts[:last], "labels", *parts[last + 1 :]))


def _ball_id(root: Path, wanted: str | int | None, sheet: DataYaml, used: Iterable[int]) -> int | None:
    if wanted is None:
        return None
    names = sheet.names
    if isinstance(wanted, str) and not wanted.isdecimal() and not names:
        ids = sorted(set(used))
        if len(ids) > 1:
            raise BallClassUnclear(root, wanted, ids)
        return ids[0] if ids else 0
    exact = [number for number, name in names.items() if name == wanted]
    folded = [number for number, name in names.items() if name.strip().lower() == str(wanted).strip().lower()]
    if exact or folded:
        return (exact or folded)[0]
    if str(wanted).isdecimal() and (not names or int(wanted) in names):
        return int(wanted)
    raise BallClassUnknown(root, wanted, names)


def _frame(
    path: Path, facts: ImageHeader, rows: list[LabelledObject], ball: int | None, names: dict[int, str]
) -> Frame:
    width, height = facts.width, facts.height
    balls: list[Ball] = []
    persons: list[Person] = []
    for row in rows:
        x, y, w, h = row.box[0] * width, row.box[1] * height, row.box[2] * width, row.box[3] * height
        if row.class_id == ball:
            balls.append(Ball(x, y, w, h))
            continue
        keypoints = tuple((kx * width, ky * height, visibility) for kx, ky, visibility in row.keypoints)
        role = _ROLES.get(names.get(row.class_id, "").strip().lower(), "other")
        persons.append(Person(len(persons), role, (x - w / 2, y - h / 2, w, h), keypoints=keypoints))
    return Frame(0, path, width, height, tuple(balls), tuple(persons))


def _clip_id(name: str) -> str:
    return printable(splitext(name)[0])


def _relative(path: Path | str, root: Path) -> str:
    text, base = str(path), f"{root}/"
    return text[len(base) :] if text.startswith(base) else os.path.relpath(text, root)
