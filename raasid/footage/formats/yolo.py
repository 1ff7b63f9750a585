"""Reads YOLO detection and pose folders.

One YOLO label file: `class x y w h`, and keypoints behind it in pose sets.
"""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from posixpath import splitext
from shlex import quote

from raasid.console.terminal import progress
from raasid.errors import DataError, DataRootMissing, NoUsableSamples
from raasid.footage.formats.footage_builder import matches_of
from raasid.footage.formats.media_lookup import walk
from raasid.footage.formats.yolo_sheet import DataSheet, read_sheet
from raasid.footage.keypoints import COUNT
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Ball, Clip, Footage, Frame, Keypoint, Person, Provenance, Role
from raasid.io.image_header import ImageFacts, ImageUnreadable, probe

TOLERANCE = 1e-6
"""Exporters print six decimals; a coordinate may be off by the last of them."""


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One object; coordinates are fractions of the image, as in the file."""

    class_id: int
    box: tuple[float, float, float, float]
    """Centre x, centre y, width, height: as written, or of the part that lies inside the image."""
    keypoints: tuple[Keypoint, ...] = ()
    """17 in COCO's order, x and y as fractions; none in detection sets."""


class RowUnusable(ValueError):
    """A row that breaks the format; the message is `what: value seen`."""


def parse_labels(
    text: bytes, classes: Collection[int] | None, keypoint_shape: tuple[int, int] | None
) -> Iterator[tuple[int, LabelRow | str]]:
    """Yield (line number from 1, row or the reason why there is none) for each line that is not empty.

    classes: the ids that the set names; None accepts every id. keypoint_shape: (points, 2 or 3 values),
    as `kpt_shape` in data.yaml. Byte order mark, CRLF and a missing last newline are fine.
    Source: Ultralytics dataset documentation, detect and pose.
    """
    seen: dict[LabelRow, int] = {}
    for number, line in enumerate(text.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        columns = line.split()
        if not columns:
            continue
        try:
            row = _row(columns, classes, keypoint_shape)
        except RowUnusable as error:
            yield number, str(error)
            continue
        if seen.setdefault(row, number) == number:
            yield number, row
        else:
            yield number, f"duplicate row: the same as line {seen[row]}"


def _row(
    columns: list[bytes], classes: Collection[int] | None, keypoint_shape: tuple[int, int] | None
) -> LabelRow:
    values = [_number(column) for column in columns]
    points, per_point = keypoint_shape or (0, 0)
    widths = {5, 5 + points * per_point}
    if len(values) not in widths:
        wanted = " or ".join(str(width) for width in sorted(widths))
        hint = "; it looks like a polygon" if len(values) > 6 and len(values) % 2 and not points else ""
        raise RowUnusable(f"wrong number of columns: {len(values)}, expected {wanted}{hint}")
    class_id, x, y, w, h = values[:5]
    if class_id != int(class_id) or class_id < 0:
        raise RowUnusable(f"class id not a whole number: {_text(columns[0])}")
    if classes is not None and class_id not in classes:
        raise RowUnusable(f"class id not in names: {int(class_id)}; names has {_ids(classes)}")
    for name, value in zip(("x", "y", "width", "height"), (x, y, w, h), strict=True):
        if value > 1 + TOLERANCE or value < -TOLERANCE:
            hint = "; are these pixels?" if value > 2 else ""
            raise RowUnusable(f"coordinate outside [0, 1]: {name} {value:g}{hint}")
    left, top, right, bottom = x - w / 2, y - h / 2, x + w / 2, y + h / 2
    if left < 0 or top < 0 or right > 1 or bottom > 1:
        left, top, right, bottom = max(left, 0.0), max(top, 0.0), min(right, 1.0), min(bottom, 1.0)
        x, y = (left + right) / 2, (top + bottom) / 2
        w, h = min(w, right - left), min(h, bottom - top)
    if min(w, h, right - left, bottom - top) <= 0:
        raise RowUnusable(f"box without size: width {values[3]:g}, height {values[4]:g}")
    return LabelRow(int(class_id), (x, y, w, h), _keypoints(values[5:], points, per_point))


def _keypoints(values: list[float], points: int, per_point: int) -> tuple[Keypoint, ...]:
    keypoints: list[Keypoint] = []
    for start in range(0, len(values), per_point or 1):
        x, y = values[start : start + 2]
        # Without a third value a point at the origin is how the format says "not labelled".
        visibility = values[start + 2] if per_point == 3 else 2.0 * bool(x or y)
        if visibility not in (0, 1, 2):
            raise RowUnusable(f"keypoint visibility not 0, 1 or 2: {visibility:g}")
        inside = -TOLERANCE <= x <= 1 + TOLERANCE and -TOLERANCE <= y <= 1 + TOLERANCE
        if visibility and not inside:
            raise RowUnusable(f"keypoint outside [0, 1]: number {start // per_point}, x {x:g}, y {y:g}")
        keypoints.append((x, y, int(visibility)) if visibility else (0.0, 0.0, 0))
    return tuple(keypoints) if points == COUNT else ()


def _number(column: bytes) -> float:
    try:
        text = column.decode()
        # float() would take "1_000" and digits of other scripts, which no exporter writes.
        value = float(text if text.isascii() and "_" not in text else "")
    except UnicodeDecodeError:
        raise RowUnusable(f"not UTF-8 text: {_text(column)}") from None
    except ValueError:
        raise RowUnusable(f"not a number: {_text(column)}") from None
    if not math.isfinite(value):
        raise RowUnusable(f"not a finite number: {_text(column)}")
    return value


def _ids(classes: Collection[int]) -> str:
    return ", ".join(map(str, sorted(classes))) if len(classes) < 10 else f"{min(classes)} to {max(classes)}"


def _text(column: bytes) -> str:
    return repr(column[:40].decode("utf-8", "backslashreplace"))


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
    extension; matches are as `yolo_matches.matches_of` says.
    Bad rows, labels and images go to `left_out`, and the rest of the row's file still counts.
    Raises DataRootMissing, NoUsableSamples, DataSheetUnreadable, BallClassUnknown, BallClassUnclear.
    Source: Ultralytics dataset documentation (detect, pose); Roboflow's export layout.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    root = Path(os.path.normpath(root))
    left_out = Quarantine()
    sheet = read_sheet(root, left_out)
    names = {path: _relative(path, root) for paths in sheet.images.values() for path in paths}
    usable, labels = _load(root, sheet, names, left_out)
    if not usable:
        first = "".join(f"; the first: {entry.path}: {entry.reason}" for entry in islice(left_out, 1))
        raise NoUsableSamples(root, left_out.describe() + first if left_out else f"expected {EXPECTED}")
    if sheet.keypoint_shape and sheet.keypoint_shape[0] != COUNT:
        points = sheet.keypoint_shape[0]
        left_out.add("data.yaml", f"keypoints not used: kpt_shape has {points}, only COCO's {COUNT} are")
    ball = _ball_id(root, ball_class, sheet, (row.class_id for rows in labels.values() for row in rows))
    kept = {split: [names[path] for path in paths if path in usable] for split, paths in sheet.images.items()}
    matches, notes = matches_of(root, kept)
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
    return Footage(sorted(clips, key=lambda clip: clip.id), splits, left_out, tuple(notes))


def _load(
    root: Path, sheet: DataSheet, names: dict[Path, str], left_out: Quarantine
) -> tuple[dict[Path, ImageFacts], dict[Path, list[LabelRow]]]:
    """Probe each image and parse its labels; what is bad goes to `left_out`."""
    usable: dict[Path, ImageFacts] = {}
    labels: dict[Path, list[LabelRow]] = {}
    owner: dict[str, str] = {}
    with progress(f"reading {root.name or root}", total=len(names)) as advance:
        for path, name in sorted(names.items(), key=lambda item: item[1]):
            advance(1)
            label = _label_path(path, name, root)
            if owner.setdefault(label, name) != name:
                left_out.add(name, f"two images for one label file: {owner[label]} is the other")
                continue
            try:
                facts = probe(path)
                labels[path] = _rows(label, root, sheet, left_out)
                usable[path] = facts
            except ImageUnreadable as error:
                left_out.add(name, error.reason)
            except OSError as error:
                left_out.add(name, f"label file cannot be read: {_relative(label, root)}: {error.strerror}")
    _note_orphans(root, owner.keys(), left_out)
    return usable, labels


def _rows(label: str, root: Path, sheet: DataSheet, left_out: Quarantine) -> list[LabelRow]:
    rows: list[LabelRow] = []
    classes = sheet.names.keys() if sheet.names else None
    try:
        with open(label, "rb") as file:  # noqa: PTH123 - a Path per label would cost more than the reading
            text = file.read()
    except FileNotFoundError:  # a background image
        return rows
    for number, row in parse_labels(text, classes, sheet.keypoint_shape):
        if isinstance(row, LabelRow):
            rows.append(row)
        else:
            left_out.add(_relative(label, root), row, number)
    return rows


def _note_orphans(root: Path, used: Collection[str], left_out: Quarantine) -> None:
    """Note label files without an image below the set's `labels` folders."""
    for folder in (root / "labels", *sorted(root.glob("*/labels"))):
        for label in walk(folder) if folder.is_dir() else ():
            if label.suffix == ".txt" and str(label) not in used and label.name.lower() not in _NO_LABELS:
                reason = "label file without image: no usable split has an image of that name"
                left_out.add(_relative(label, root), reason)


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


def _ball_id(root: Path, wanted: str | int | None, sheet: DataSheet, used: Iterable[int]) -> int | None:
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
    path: Path, facts: ImageFacts, rows: list[LabelRow], ball: int | None, names: dict[int, str]
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
    return splitext(name)[0]


def _relative(path: Path | str, root: Path) -> str:
    text, base = str(path), f"{root}/"
    return text[len(base) :] if text.startswith(base) else os.path.relpath(text, root)
