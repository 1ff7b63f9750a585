"""A journal survives what processes and disks do to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna

from raasid.sweeps.journal_lock import JournalLock
from raasid.sweeps.study_journal import move_damaged_records, open_journal


def study(path: Path) -> optuna.Study:
    return optuna.create_study(storage=open_journal(path), study_name="s", load_if_exists=True)


def test_a_torn_last_line_is_cut_off_by_the_next_record(tmp_path: Path) -> None:
    path = tmp_path / "study.journal"
    one = study(path)
    one.add_trial(optuna.trial.create_trial(value=1.0))
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(b'{"op_code":4,"worker_id":"torn')
    one.add_trial(optuna.trial.create_trial(value=2.0))  # a process that has it open
    assert path.read_bytes().startswith(whole)
    assert b"torn" not in path.read_bytes()
    again = optuna.load_study(
        study_name="s",
        storage=optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path))),
    )
    assert [trial.value for trial in again.trials] == [1.0, 2.0]


def test_damaged_lines_are_moved_away_and_the_others_kept(tmp_path: Path) -> None:
    path = tmp_path / "study.journal"
    study(path).add_trial(optuna.trial.create_trial(value=1.0))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-1], b"\x00\x00garbage\n", lines[-1]]))
    assert [trial.value for trial in study(path).trials] == [1.0]
    (moved,) = tmp_path.glob("study.journal.damaged-*")
    assert moved.read_bytes() == b"\x00\x00garbage\n"
    assert move_damaged_records(path) is None


_HOLDER = """
import sys, time
from pathlib import Path
from raasid.sweeps.journal_lock import JournalLock
JournalLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    path = tmp_path / "study.journal"
    path.touch()
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "study.journal.lock").is_symlink()
    start = time.monotonic()
    with JournalLock(path):
        assert time.monotonic() - start < 5
    assert not (tmp_path / "study.journal.lock").is_symlink()
