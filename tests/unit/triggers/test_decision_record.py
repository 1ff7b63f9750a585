"""Decision records: the same bytes for the same inputs, and nothing else accepted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from raasid.triggers.decision_record import Decision, plain

GOLDEN = (
    b'{"action":"immediate","champion":"v20261123.1","edition":null,"evidence":[{"metric":"detection_rate",'
    b'"value":0.81}],"format":1,"inputs":{"data":"' + b"a" * 64 + b'"},"model":"ball_model",'
    b'"reason":"It got worse.","slot":null,"statistics":{},"thresholds":{"detection_rate":0.85},'
    b'"trigger":"performance","verdict":"fire"}\n'
)
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def decision(**changes) -> Decision:
    fields = {
        "model": "ball_model",
        "trigger": "performance",
        "champion": "v20261123.1",
        "verdict": "fire",
        "action": "immediate",
        "reason": "It got worse.",
        "evidence": [{"metric": "detection_rate", "value": 0.81}],
        "thresholds": {"detection_rate": 0.85},
        "inputs": {"data": "a" * 64},
    }
    return Decision(**(fields | changes))


def test_a_record_is_canonical_json() -> None:
    assert decision().to_bytes() == GOLDEN
    assert Decision.from_bytes(GOLDEN) == decision()


@given(st.dictionaries(st.text(max_size=8), plain_values, max_size=4))
def test_a_record_survives_a_round_trip_with_its_digest(row) -> None:
    made = decision(evidence=[row], statistics=row)

    read = Decision.from_bytes(made.to_bytes())

    assert (read, read.digest) == (made, made.digest)


def test_the_order_of_keys_and_the_kind_of_numbers_do_not_change_the_bytes() -> None:
    one = decision(evidence=[{"a": np.float64(0.5), "b": np.int64(3), "c": (1, 2)}])
    other = decision(evidence=[{"c": [1, 2], "b": 3, "a": 0.5}])

    assert one.to_bytes() == other.to_bytes()


def test_what_is_unknown_is_null_and_not_nan() -> None:
    made = decision(evidence=[{"low": math.nan}, {"low": np.float32("nan")}])

    assert made.evidence == [{"low": None}, {"low": None}]


def test_an_infinite_figure_is_refused() -> None:
    with pytest.raises(ValueError, match=r"finite|JSON|infinity"):
        decision(statistics={"effect": math.inf}).to_bytes()


def test_names_from_outside_are_made_printable() -> None:
    made = decision(reason="tag \x1b[2J\nis new", evidence=[{"tag": "caf\udce9"}])

    assert made.reason == r"tag \x1b[2J\x0ais new"
    assert Decision.from_bytes(made.to_bytes()) == made


@pytest.mark.parametrize(("verdict", "action"), [("fire", None), ("hold", "immediate"), ("wait", "full")])
def test_an_action_belongs_to_a_decision_that_fires(verdict: str, action: str | None) -> None:
    with pytest.raises(ValidationError, match="decision to"):
        decision(verdict=verdict, action=action)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is not JSON"),
        (GOLDEN[:-20], "is not JSON"),
        (b"[]\n", "is no decision record"),
        (GOLDEN.replace(b'"format":1', b'"format":2'), "is no decision record"),
        (GOLDEN.replace(b"{", b"{ ", 1), "was changed"),
        (GOLDEN + b"\n", "was changed"),
        (GOLDEN.replace(b"fire", b"fair"), "is no decision record"),
        (GOLDEN.replace(b"aaaaaaaa", b"zzzzzzzz"), "is no decision record"),
    ],
)
def test_what_is_not_a_record_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Decision.from_bytes(data)


def test_fractions_keep_six_digits_so_that_processors_agree() -> None:
    assert plain({"p": 0.1 + 0.2, "n": 12345678, "small": 1.23456789e-9}) == {
        "p": 0.3,
        "n": 12345678,
        "small": 1.23457e-09,
    }
