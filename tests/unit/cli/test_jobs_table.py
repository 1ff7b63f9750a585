"""What `raasid jobs` shows: names and reasons whole, the log where there is room."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from raasid.cli.jobs import main
from raasid.cluster.job_record import JobRecord, result_file, worked_s
from raasid.console import terminal

TRACEBACK = """Traceback (most recent call last):
  File "raasid/pipeline/train.py", line 40, in train
    raise ArithmeticError("what went wrong")
ArithmeticError: what went wrong
with a second line
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with one job, which has failed."""
    run = tmp_path / "logs" / "train" / "2026-11-30_12-00-00_abc123"
    folder = run / ".jobs" / "2026-11-30_12-00-00_abc123"
    (folder / "state").mkdir(parents=True)
    then = datetime(2026, 11, 30, tzinfo=UTC)
    record = JobRecord(folder.name, "train", "slurm_local", folder, then, (run,), ("train",), id="local")
    record.write(tmp_path / "logs")
    (folder / "state" / "0.0.start").write_text("4711 1764504000 n1\n")
    (folder / "state" / "0.0.end").write_text("1 1764504100\n")
    result_file(folder, 0).write_text(json.dumps({"error": TRACEBACK}))
    (folder / "train-local.out").write_text(TRACEBACK)
    return tmp_path


@pytest.mark.parametrize("width", [80, 250])
def test_a_terminal_shows_the_log_where_there_is_room_and_how_to_see_it_where_not(
    root: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = Console(width=width, force_terminal=True, color_system=None, record=True, file=StringIO())
    monkeypatch.setattr(terminal, "out", lambda: console)
    monkeypatch.setattr(terminal, "err", lambda: console)
    main(["--root", str(root)])
    head, row, *more = (line.rstrip() for line in console.export_text().splitlines())
    log = "logs/train/2026-11-30_12-00-00_abc123/.jobs/2026-11-30_12-00-00_abc123/train-local.out"
    assert len(row) <= width
    assert all(word in row for word in ("2026-11-30_12-00-00_abc123  FAILED", "ArithmeticError:"))
    assert ("log" in head.split(), log in row) == ((True, True) if width > 200 else (False, False))
    if width == 80:
        assert f"raasid jobs logs JOB --root{root}" in "".join(more).replace("--root ", "--root")


def test_the_whole_traceback_is_in_the_log_and_its_last_line_is_the_reason(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    main(["--root", str(root), "--json"])
    (row,) = json.loads(capfd.readouterr().out)
    assert row["reason"] == "ArithmeticError: what went wrong"
    assert row["exit_status"] == 1
    main(["logs", row["name"], "--root", str(root)])
    assert capfd.readouterr().out == TRACEBACK


def test_the_time_left_is_that_of_the_work_and_not_of_the_queue(root: Path) -> None:
    (folder,) = root.glob("logs/train/*/.jobs/*")
    for name, text in {
        "0.0.end": "75 1764504100 requeued",
        "0.1.start": "4711 1764510000 n1",  # killed, and started again after 600 s
        "0.2.start": "4711 1764510600 n2",
    }.items():
        (folder / "state" / name).write_text(f"{text}\n")
    assert worked_s(folder, 0, now=1764510700) == 100 + 600 + 100
