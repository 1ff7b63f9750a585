"""Single values: a valid one is returned in its type, an invalid one is an error that states it."""

from __future__ import annotations

import math

import pytest

from raasid.footage.formats.parsing.values import (
    ValueUnusable,
    integer,
    label,
    numbers,
    one_of,
    short_repr,
    text,
)


@pytest.mark.parametrize("value", [3, 3.0, "3", " 3.0 ", "3e0"])
def test_a_number_may_be_given_as_text(value: object) -> None:
    assert integer(value, "frame") == 3


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -1, 1e400, 10**400, "nan", "1_000", "٣", "0x10", "1e999", True, None, [3], {}],
)
def test_a_value_that_is_not_a_number_in_bounds_is_rejected(value: object) -> None:
    with pytest.raises(ValueUnusable, match="frame"):
        integer(value, "frame")


def test_a_fraction_is_not_an_integer() -> None:
    with pytest.raises(ValueUnusable, match=r"frame is no whole number: 3\.5"):
        integer(3.5, "frame")


@pytest.mark.parametrize("value", [[1, 2], [1, 2, "x"], [1, 2, math.nan], "123", None])
def test_a_list_must_have_the_expected_length(value: object) -> None:
    with pytest.raises(ValueUnusable):
        numbers(value, "box", 3)


@pytest.mark.parametrize("value", ["a\0b", "a\nb", "\ud800", "", "  ", "x" * 301, 7])
def test_text_must_be_a_single_printable_line(value: object) -> None:
    with pytest.raises(ValueUnusable):
        text(value, "name")


def test_a_choice_is_returned_in_its_canonical_spelling() -> None:
    assert one_of("No Offence", "offence", ("Offence", "No offence")) == "No offence"
    with pytest.raises(ValueUnusable, match="none of Offence, No offence: 'Between'"):
        one_of("Between", "offence", ("Offence", "No offence"))


def test_labels_are_lower_case_with_underscores() -> None:
    assert label("BALL PLAYER BLOCK", "label") == "ball_player_block"
    assert label("Close-up player / referee", "camera") == "close_up_player_referee"
    with pytest.raises(ValueUnusable):
        label("--", "label")


def test_a_displayed_value_is_always_short() -> None:
    assert len(short_repr([[["x" * 1000] * 1000] * 1000] * 1000)) < 400
    assert len(short_repr({str(key): 10**300 for key in range(1000)})) < 400
    short_repr("\ud800").encode()
