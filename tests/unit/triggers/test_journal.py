"""The journal of a retraining: lines that can be read are told, others are named by their number."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path

import pytest

from raasid.triggers.journal import Journal, JournalDamaged, read_journals

GOOD = b'{"time": "2026-11-30T03:00:00+00:00", "step": "begin", "what": "immediate"}\n'
BEGAN = datetime.fromisoformat("2026-11-30T03:00:00+00:00").timestamp()


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


def test_the_time_without_a_process_is_no_work(tmp_path: Path) -> None:
    """One worked from 3:00 to 3:10, when it saved a checkpoint and was killed; the next begins much later."""
    checkpoint = tmp_path / "last.ckpt"
    for path, content in ((tmp_path / "journal.jsonl", GOOD), (checkpoint, b"")):
        path.write_bytes(content)
        os.utime(path, (BEGAN, BEGAN + (600 if path == checkpoint else 0)))

    journal = Journal(tmp_path)
    journal.begin("immediate", [checkpoint, tmp_path / "none"])

    assert 600 <= journal.worked().total_seconds() < 660
    assert [line.get("worked_s") for line in journal.lines("begin")] == [None, 600.0]


def test_what_was_worked_is_added_up_over_all_processes(tmp_path: Path) -> None:
    for _ in range(3):
        journal = Journal(tmp_path)
        journal.begin("immediate")
        os.utime(tmp_path / "journal.jsonl", (time.time() + 60, time.time() + 60))

    assert 120 <= journal.worked().total_seconds() < 130


def test_the_first_process_has_nothing_before_it_and_damaged_lines_are_left_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "runs")
    journal.begin("immediate")
    with (tmp_path / "runs" / "journal.jsonl").open("a") as file:
        file.write("[]\n{\n")
    journal.note("end", "promoted")

    assert journal.worked().total_seconds() < 60
    assert [line["what"] for step in ("begin", "end") for line in journal.lines(step)] == [
        "immediate",
        "promoted",
    ]
