"""The journal of a retraining: lines that can be read are told, others are named by their number."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.triggers.journal import JournalDamaged, read_journals

GOOD = b'{"time": "2026-11-30T03:00:00+00:00", "step": "begin", "what": "immediate"}\n'


def journal(folder: Path, model: str, content: bytes) -> Path:
    path = folder / model / "runs" / "0123456789ab" / "journal.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_a_line_knows_its_model_and_decision(tmp_path: Path) -> None:
    journal(tmp_path, "ball_model", GOOD)
    journal(tmp_path, "pose_model", GOOD)
    damage: list[JournalDamaged] = []

    (line,) = read_journals(tmp_path, "ball_model", damage)

    assert (line.model, line.decision, line.step, line.what) == (
        "ball_model",
        "0123456789ab",
        "begin",
        "immediate",
    )
    assert {each.model for each in read_journals(tmp_path, None, damage)} == {"ball_model", "pose_model"}
    assert damage == []


@pytest.mark.parametrize(
    "bad",
    {
        "empty": b"\n",
        "a list": b"[]\n",
        "keys missing": b'{"time": 3}\n',
        "cut off": GOOD[:30],
        "no offset": GOOD.replace(b"+00:00", b""),
        "no step": GOOD.replace(b"step", b"stop"),
        "before all time": GOOD.replace(b"2026-11-30T03:00:00+00:00", b"0001-01-01T00:00:00+23:59"),
        "no text": b"\xff\xfe\n",
        "too deep": b"[" * 100_000,
    }.values(),
)
def test_a_line_that_is_none_is_named_and_the_others_are_read(tmp_path: Path, bad: bytes) -> None:
    path = journal(tmp_path, "ball_model", GOOD + bad)
    damage: list[JournalDamaged] = []

    assert len(list(read_journals(tmp_path, None, damage))) == 1

    (error,) = damage
    assert str(error).startswith(f"{path}:2: is no line of a journal")


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "ball_model" / "runs" / "0123456789ab" / "journal.jsonl").mkdir(parents=True)
    damage: list[JournalDamaged] = []

    assert list(read_journals(tmp_path, None, damage)) == []
    assert "Is a directory" in str(damage[0])
