"""Parses YOLO label files: `class x y w h`, in pose sets followed by keypoints."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.footage.records import Keypoint

TOLERANCE = 1e-6
"""Exporters print six decimals; a coordinate may be off by the last of them."""


@dataclass(frozen=True, slots=True)
class LabelledObject:
    """One object; coordinates are fractions of the image, as in the file."""

    class_id: int
    box: tuple[float, float, float, float]
    """Centre x, centre y, width, height: as written, or of the part that lies inside the image."""
    keypoints: tuple[Keypoint, ...] = ()
    """17 in COCO's order, x and y as fractions; none in detection sets."""


class InvalidRow(ValueError):
    """A row that breaks the format; the message is `what: value seen`."""


def parse_labels(
    text: bytes, classes: Collection[int] | None, keypoint_shape: tuple[int, int] | None
) -> Iterator[tuple[int, LabelledObject | str]]:
    """Yield (line number from 1, row or the reason why there is none) for each line that is not empty.

    classes: the ids that the set names; None accepts every id. keypoint_shape: (points, 2 or 3 values),
    as `kpt_shape` in data.yaml. Byte order mark, CRLF and a missing last newline are fine.
    Source: Ultralytics dataset documentation, detect and pose.
    """
    seen: dict[LabelledObject, int] = {}
    for number, line in enumerate(text.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        columns = line.split()
        if not columns:
            continue
        try:
            row = _row(columns, classes, keypoint_shape)
        except InvalidRow as error:
            yield number, str(error)
            continue
        if seen.setdefault(row, number) == number:
            yield number, row
        else:
            yield number, f"duplicate row: the same as line {seen[row]}"


def _row(
    columns: list[bytes], classes: Collection[int] | None, keypoint_shape: tuple[int, int] | None
) -> LabelledObject:
    values = [_number(column) for column in columns]
    points, per_point = keypoint_shape or (0, 0)
    widths = {5, 5 + points * per_point}
    if len(values) not in widths:
        wanted = " or ".join(str(width) for width in sorted(widths))
        hint = "; it looks like a polygon" if len(values) > 6 and len(values) % 2 and not points else ""
        raise InvalidRow(f"wrong number of columns: {len(values)}, expected {wanted}{hint}")
    class_id, x, y, w, h = values[:5]
    if class_id != int(class_id) or class_id < 0:
        raise InvalidRow(f"class id not a whole number: {_text(columns[0])}")
    if classes is not None and class_id not in classes:
        raise InvalidRow(f"class id not in names: {int(class_id)}; names has {_ids(classes)}")
    for name, value in zip(("x", "y", "width", "height"), (x, y, w, h), strict=True):
        if value > 1 + TOLERANCE or value < -TOLERANCE:
            hint = "; are these pixels?" if value > 2 else ""
            raise InvalidRow(f"coordinate outside [0, 1]: {name} {value:g}{hint}")
    left, top, right, bottom = x - w / 2, y - h / 2, x + w / 2, y + h / 2
    if left < 0 or top < 0 or right > 1 or bottom > 1:
        left, top, right, bottom = max(left, 0.0), max(top, 0.0), min(right, 1.0), min(bottom, 1.0)
        x, y = (left + right) / 2, (top + bottom) / 2
        w, h = min(w, right - left), min(h, bottom - top)
    if min(w, h, right - left, bottom - top) <= 0:
        raise InvalidRow(f"box without size: width {values[3]:g}, height {values[4]:g}")
    return LabelledObject(int(class_id), (x, y, w, h), _keypoints(values[5:], points, per_point))


def _keypoints(values: list[float], points: int, per_point: int) -> tuple[Keypoint, ...]:
    keypoints: list[Keypoint] = []
    for start in range(0, len(values), per_point or 1):
        x, y = values[start : start + 2]
        # Without a third value a point at the origin is how the format says "not labelled".
        visibility = values[start + 2] if per_point == 3 else 2.0 * bool(x or y)
        if visibility not in (0, 1, 2):
            raise InvalidRow(f"keypoint visibility not 0, 1 or 2: {visibility:g}")
        inside = -TOLERANCE <= x <= 1 + TOLERANCE and -TOLERANCE <= y <= 1 + TOLERANCE
        if visibility and not inside:
            raise InvalidRow(f"keypoint outside [0, 1]: number {start // per_point}, x {x:g}, y {y:g}")
        keypoints.append((x, y, int(visibility)) if visibility else (0.0, 0.0, 0))
    return tuple(keypoints) if points == NUM_KEYPOINTS else ()


def _number(column: bytes) -> float:
    try:
        text = column.decode()
        # float() would take "1_000" and digits of other scripts, which no exporter writes.
        value = float(text if text.isascii() and "_" not in text else "")
    except UnicodeDecodeError:
        raise InvalidRow(f"not UTF-8 text: {_text(column)}") from None
    except ValueError:
        raise InvalidRow(f"not a number: {_text(column)}") from None
    if not math.isfinite(value):
        raise InvalidRow(f"not a finite number: {_text(column)}")
    return value


def _ids(classes: Collection[int]) -> str:
    return ", ".join(map(str, sorted(classes))) if len(classes) < 10 else f"{min(classes)} to {max(classes)}"


def _text(column: bytes) -> str:
    return repr(column[:40].decode("utf-8", "backslashreplace"))
