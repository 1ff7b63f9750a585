"""Each row is parsed or rejected on its own, with its line and the offending value."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raasid.footage.formats.yolo_labels import LabelledObject, parse_labels

GOOD = b"0 0.5 0.5 0.1 0.2\n"


def parse(text: bytes, classes: int | None = 2, shape: tuple[int, int] | None = None) -> list:
    return list(parse_labels(text, None if classes is None else range(classes), shape))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"0 0.5 0.5 0.1", "wrong number of columns: 4, expected 5"),
        (b"0 0.5 0.5 0.1 0.1 0.9", "wrong number of columns: 6, expected 5"),
        (b"0 .1 .1 .2 .1 .2 .2", "wrong number of columns: 7, expected 5; it looks like a polygon"),
        (b"ball 0.5 0.5 0.1 0.1", "not a number: 'ball'"),
        (b"0 0,5 0.5 0.1 0.1", "not a number: '0,5'"),
        (b"0 1_0 0.5 0.1 0.1", "not a number: '1_0'"),
        ("0 0.5 ٠.٥ 0.1 0.1".encode(), "not a number: '٠.٥'"),
        (b"0 nan 0.5 0.1 0.1", "not a finite number: 'nan'"),
        (b"0 0.5 -inf 0.1 0.1", "not a finite number: '-inf'"),
        (b"0 0.5 0.5 1e999 0.1", "not a finite number: '1e999'"),
        (b"0 0.5 \xff\xfe 0.1 0.1", "not UTF-8 text: '\\\\xff\\\\xfe'"),
        (b"0.5 0.5 0.5 0.1 0.1", "class id not a whole number: '0.5'"),
        (b"-1 0.5 0.5 0.1 0.1", "class id not a whole number: '-1'"),
        (b"2 0.5 0.5 0.1 0.1", "class id not in names: 2; names has 0, 1"),
        (b"0 1.00001 0.5 0.1 0.1", "coordinate outside [0, 1]: x 1.00001"),
        (b"0 0.5 -0.2 0.1 0.1", "coordinate outside [0, 1]: y -0.2"),
        (b"0 960 540 20 20", "coordinate outside [0, 1]: x 960; are these pixels?"),
        (b"0 0.5 0.5 1.5 0.1", "coordinate outside [0, 1]: width 1.5"),
        (b"0 0.5 0.5 0 0.1", "box without size: width 0, height 0.1"),
        (b"0 0.5 0.5 0.1 -0.0", "box without size: width 0.1, height -0"),
    ],
)
def test_an_invalid_row_is_rejected_with_its_value_and_the_other_rows_load(row: bytes, reason: str) -> None:
    good, bad, last = parse(b"0 0.5 0.5 0.1 0.2\n" + row + b"\n1 0.1 0.1 0.1 0.1\n")
    assert bad == (2, reason)
    assert isinstance(good[1], LabelledObject)
    assert isinstance(last[1], LabelledObject)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.strip(),
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        b"\n\n \t\n" + GOOD + b"\n",
        GOOD.replace(b" ", b"\t  "),
        b"0.0 0.500000 5e-1 0.1 0.2",
    ],
)
def test_line_endings_blank_lines_and_number_formats_make_no_difference(text: bytes) -> None:
    assert [row for _, row in parse(text)] == [LabelledObject(0, (0.5, 0.5, 0.1, 0.2))]


def test_line_numbers_count_blank_lines() -> None:
    assert [number for number, _ in parse(b"\r\n\r\n" + GOOD)] == [3]


def test_a_duplicate_row_is_dropped_whatever_its_formatting() -> None:
    assert parse(GOOD + b"0 0.50 0.5 1e-1 0.2\n")[1] == (2, "duplicate row: the same as line 1")


def test_a_box_that_extends_past_the_image_is_clipped() -> None:
    ((_, row),) = parse(b"0 0.01 0.5 0.04 0.2")
    assert row.box == pytest.approx((0.015, 0.5, 0.03, 0.2))


def test_a_centre_off_by_the_last_printed_decimal_is_accepted() -> None:
    ((_, row),) = parse(b"0 1.000001 0.5 0.04 0.2")
    assert row.box == pytest.approx((0.99, 0.5, 0.02, 0.2), abs=1e-5)


def test_every_class_is_accepted_when_there_are_no_class_names() -> None:
    assert parse(b"79 0.5 0.5 0.1 0.1", classes=None)[0][1].class_id == 79


POSE = "0 0.5 0.5 0.4 0.8 " + " ".join(f"{0.3 + i / 100:.2f} 0.4 {i % 3}" for i in range(17))


def test_pose_rows_have_seventeen_keypoints_and_unlabelled_ones_have_no_position() -> None:
    ((_, row),) = parse(POSE.encode(), shape=(17, 3))
    assert row.keypoints[0] == (0.0, 0.0, 0)
    assert row.keypoints[1:3] == ((0.31, 0.4, 1), (0.32, 0.4, 2))


def test_a_pose_dataset_may_contain_rows_without_keypoints() -> None:
    assert parse(GOOD, shape=(17, 3))[0][1].keypoints == ()


def test_two_valued_keypoints_are_visible_unless_they_are_at_the_origin() -> None:
    row = "0 0.5 0.5 0.4 0.8 0 0 " + " ".join(["0.2 0.3"] * 16)
    ((_, parsed),) = parse(row.encode(), shape=(17, 2))
    assert [visibility for *_, visibility in parsed.keypoints] == [0] + [2] * 16


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ("0.5 1.2 2", "keypoint outside [0, 1]: number 16, x 0.5, y 1.2"),
        ("0.5 0.5 3", "keypoint visibility not 0, 1"),
    ],
)
def test_an_invalid_keypoint_rejects_its_row(last: str, reason: str) -> None:
    ((_, row),) = parse((POSE.rsplit(" ", 3)[0] + " " + last).encode(), shape=(17, 3))
    assert row.startswith(reason)


def test_rows_of_other_skeletons_keep_their_boxes() -> None:
    ((_, row),) = parse(b"0 0.5 0.5 0.1 0.2 0.4 0.4 2 0.6 0.6 1", shape=(2, 3))
    assert (row.box, row.keypoints) == ((0.5, 0.5, 0.1, 0.2), ())


@given(st.binary(max_size=200) | st.text("0123456789. -en\t\r\n", max_size=200).map(str.encode))
def test_any_bytes_parse_without_an_exception_to_boxes_inside_the_image(text: bytes) -> None:
    for number, row in parse(text):
        assert number >= 1
        if isinstance(row, LabelledObject):
            x, y, w, h = row.box
            assert w > 0
            assert h > 0
            assert -1e-9 <= x - w / 2 <= x + w / 2 <= 1 + 1e-9
            assert -1e-9 <= y - h / 2 <= y + h / 2 <= 1 + 1e-9
        else:
            assert ": " in row


BOXES = st.tuples(*[st.floats(0.01, 0.99)] * 2, *[st.floats(0.001, 1)] * 2)


@given(st.lists(st.tuples(st.integers(0, 1), BOXES), max_size=5, unique=True))
def test_boxes_written_at_full_precision_are_read_back(rows: list[tuple[int, tuple[float, ...]]]) -> None:
    inside = [(c, (x, y, min(w, 2 * x, 2 - 2 * x), min(h, 2 * y, 2 - 2 * y))) for c, (x, y, w, h) in rows]
    text = "\n".join(f"{c} {' '.join(map(repr, box))}" for c, box in inside)
    read = [row for _, row in parse(text.encode()) if isinstance(row, LabelledObject)]
    assert len(read) == len(set(inside))
    for row, (class_id, box) in zip(read, dict.fromkeys(inside), strict=True):
        assert row.class_id == class_id
        assert all(math.isclose(a, b, abs_tol=1e-12) for a, b in zip(row.box, box, strict=True))
