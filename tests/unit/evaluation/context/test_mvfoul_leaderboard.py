from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import pytest

from raasid.errors import DataError
from raasid.evaluation.context.mvfoul import leaderboard, leaderboard_of_files

GOLDEN = Path(__file__).resolve().parents[3] / "fixtures" / "golden_mvfoul.json"
KEYS = ("Action class", "Offence", "Severity")


@pytest.fixture
def files(tmp_path):
    """Write the incidents as the challenge has them, optionally only some of the rows."""

    def write(rows):
        truth, said = tmp_path / "annotations.json", tmp_path / "predictions.json"
        entries = {str(i): dict(zip(KEYS, row[:3], strict=True)) for i, row in enumerate(rows)}
        guesses = {
            str(i): dict(zip(KEYS, row[3:], strict=True)) for i, row in enumerate(rows) if row[3] is not None
        }
        truth.write_text(json.dumps({"Set": "test", "Actions": entries}))
        said.write_text(json.dumps({"Set": "test", "Actions": guesses}))
        return truth, said

    return write


def test_figures_counted_by_hand(files):
    golden = json.loads(GOLDEN.read_text())
    board = asdict(leaderboard_of_files(*files(golden["incidents"])))
    assert board.pop("absent") == ()
    assert board == pytest.approx(golden["expected"], abs=1e-9)


def test_the_evaluators_own_figures(shared):
    folder = shared / "data" / "formats" / "golden_mvfoul"
    expected = json.loads((folder / "expected.json").read_text())
    board = asdict(leaderboard_of_files(folder / "gt.json", folder / "pred.json"))
    for name in (name for name in expected if name != "evaluator"):
        assert board[name] == pytest.approx(expected[name], abs=1e-9), name


def test_classes_that_do_not_occur_are_named_and_left_out(files):
    board = leaderboard_of_files(*files([["Tackling", "Offence", "3.0", "Tackling", "Offence", "3.0"]]))
    assert board.leaderboard_value == 100
    assert "tackling" not in board.absent
    assert {"standing_tackling", "dive", "no_offence", "severity_1", "severity_5"} <= set(board.absent)


def test_of_a_dive_the_severity_is_no_card_whatever_is_annotated():
    dive = {"0": {"action_class": "dive", "offence": "offence", "severity": 5.0}}
    assert leaderboard(dive, dive).balanced_accuracy_offence_severity == 0
    mild = {"0": {"action_class": "dive", "offence": "offence", "severity": 1.0}}
    assert leaderboard(dive, mild).balanced_accuracy_offence_severity == 100


def test_nothing_that_counts_is_no_figure():
    unclear = {"0": {"action_class": "tackling", "offence": "between", "severity": 1.0}}
    board = leaderboard(unclear, unclear)
    assert math.isnan(board.leaderboard_value)
    assert board.actions == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not valid JSON"),
        ("[]", "no Actions"),
        ('{"Actions": {"7": 3}}', "action 7 is no object: 3"),
        ('{"Actions": {"7": {"Severity": "heavy"}}}', "Severity.*heavy.*action 7"),
    ],
)
def test_a_file_that_makes_no_sense_is_named(tmp_path, content, reason):
    bad = tmp_path / "predictions.json"
    bad.write_text(content)
    with pytest.raises(DataError, match=f"(?s)predictions.json.*{reason}"):
        leaderboard_of_files(bad, bad)
