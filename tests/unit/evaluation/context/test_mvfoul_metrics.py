from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import pytest

from raasid.evaluation.context.mvfoul import leaderboard
from raasid.footage.formats.mvfoul import parse_labels

GOLDEN = Path(__file__).resolve().parents[3] / "fixtures" / "golden_mvfoul.json"
KEYS = ("Action class", "Offence", "Severity")


def parse(entries):
    """Labels by incident, from entries in the challenge's format."""
    return {name: parse_labels(entry, pytest.fail).facts for name, entry in entries.items()}


def board_of(rows):
    """The leaderboard of incidents: three annotated values, then three predicted ones or None."""
    truth = {str(i): dict(zip(KEYS, row[:3], strict=True)) for i, row in enumerate(rows)}
    predicted = {
        str(i): dict(zip(KEYS, row[3:], strict=True)) for i, row in enumerate(rows) if row[3] is not None
    }
    return leaderboard(parse(truth), parse(predicted))


def test_hand_counted_figures_are_reproduced():
    golden = json.loads(GOLDEN.read_text())
    board = asdict(board_of(golden["incidents"]))
    assert board.pop("absent") == ()
    assert board == pytest.approx(golden["expected"], abs=1e-9)


def test_the_evaluators_own_figures_are_reproduced(shared):
    folder = shared / "data" / "formats" / "golden_mvfoul"
    expected = json.loads((folder / "expected.json").read_text())
    truth, predicted = (json.loads((folder / f"{name}.json").read_text()) for name in ("gt", "pred"))
    board = asdict(leaderboard(parse(truth["Actions"]), parse(predicted["Actions"])))
    for name in (name for name in expected if name != "evaluator"):
        assert board[name] == pytest.approx(expected[name], abs=1e-9), name


def test_classes_that_do_not_occur_are_listed_and_excluded():
    board = board_of([["Tackling", "Offence", "3.0", "Tackling", "Offence", "3.0"]])
    assert board.leaderboard_value == 100
    assert "tackling" not in board.absent
    assert {"standing_tackling", "dive", "no_offence", "severity_1", "severity_5"} <= set(board.absent)


def test_the_expected_severity_of_a_dive_is_no_card():
    dive = {"0": {"action_class": "dive", "offence": "offence", "severity": 5.0}}
    assert leaderboard(dive, dive).balanced_accuracy_offence_severity == 0
    no_card = {"0": {"action_class": "dive", "offence": "offence", "severity": 1.0}}
    assert leaderboard(dive, no_card).balanced_accuracy_offence_severity == 100


def test_without_incidents_that_count_the_value_is_undefined():
    unclear = {"0": {"action_class": "tackling", "offence": "between", "severity": 1.0}}
    board = leaderboard(unclear, unclear)
    assert math.isnan(board.leaderboard_value)
    assert board.actions == 0
