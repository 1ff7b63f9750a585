"""Sweeps of several processes in one directory, killed at random: the study stays exact.

An application of a few lines stands for the training; everything below it is real.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from raasid.sweeps.trial_queue import MAX_ATTEMPTS, REASON, RETRY_OF

APP = """
import os, time
import hydra
from hydra.core.hydra_config import HydraConfig

@hydra.main(version_base="1.3", config_path=None, config_name=None)
def task(cfg):
    line = f"{HydraConfig.get().job.num} {cfg.x} {cfg.y}\\n".encode()
    started = os.open(cfg.started, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(started, line)
    time.sleep(0.05 + 0.25 * (cfg.x * 7 % 10) / 10)
    return float(cfg.x + cfg.y)

task()
"""


class Sweeps:
    """Sweep commands of one directory, as several machines would start them.

    n_jobs: workers of each. storage: null for the journal, or a database's URL.
    """

    def __init__(self, folder: Path, cells: int, n_jobs: int, storage: str = "null") -> None:
        self.folder, self.cells, self.n_jobs, self.storage = folder, cells, n_jobs, storage
        (folder / "app.py").write_text(APP)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.workers: set[int] = set()

    def command(self, n_jobs: int) -> list[str]:
        words = [
            "-m", "hydra/sweeper=optuna", "hydra/sweeper/sampler=grid",
            f"hydra.sweep.dir={self.folder}/sweep",
            f"+x=range(0,{self.cells // 2})", "+y=choice(0,1)", f"+started={self.folder}/started.txt",
            f"hydra.sweeper.n_trials={self.cells}", f"hydra.sweeper.n_jobs={n_jobs}",
            "hydra.sweeper.max_failure_rate=1.0", f"hydra.sweeper.storage={self.storage}",
        ]  # fmt: skip
        return [sys.executable, str(self.folder / "app.py"), *words]

    def start(self) -> subprocess.Popen[bytes]:
        log = (self.folder / "output.txt").open("ab")
        with log:
            process = subprocess.Popen(
                self.command(self.n_jobs), stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    def running(self) -> list[subprocess.Popen[bytes]]:
        """Processes that run; those that ended by themselves must have ended well."""
        for process in self.processes:
            assert process.poll() in (None, 0, -signal.SIGKILL), (self.folder / "output.txt").read_text()
        return [process for process in self.processes if process.returncode is None]

    def workers_of(self, process: subprocess.Popen[bytes]) -> list[int]:
        with suppress(OSError):
            text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            self.workers |= {int(pid) for pid in text.split()}
            return [int(pid) for pid in text.split()]
        return []

    def kill_one(self, chance: random.Random) -> None:
        """Kill a worker or, once in five, the process that started it."""
        process = chance.choice(self.running())
        workers = self.workers_of(process)
        with suppress(ProcessLookupError):
            os.kill(chance.choice(workers) if workers and chance.random() < 0.8 else process.pid, 9)

    def started(self) -> list[str]:
        file = self.folder / "started.txt"
        return file.read_text().splitlines() if file.is_file() else []


@contextmanager
def sweeps(folder: Path, cells: int, n_jobs: int, storage: str = "null") -> Iterator[Sweeps]:
    ours = Sweeps(folder, cells, n_jobs, storage)
    try:
        yield ours
    finally:
        for process in ours.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def trials(ours: Sweeps) -> list[optuna.trial.FrozenTrial]:
    """The trials as plain Optuna reads them."""
    journal, url = ours.folder / "sweep" / "study.journal", ours.storage
    storage = JournalStorage(JournalFileBackend(str(journal))) if url == "null" else RDBStorage(url)
    (summary,) = storage.get_all_studies()
    return storage.get_all_trials(summary._study_id)


def check_exact(ours: Sweeps) -> list[optuna.trial.FrozenTrial]:
    """Every cell of the grid has one outcome, and every directory one process; return the killed trials."""
    found = trials(ours)
    states = Counter(trial.state for trial in found)
    assert states[TrialState.RUNNING] == states[TrialState.WAITING] == 0
    repeated = {trial.user_attrs.get(RETRY_OF) for trial in found}
    outcomes = [trial for trial in found if trial.number not in repeated]
    cells = {(trial.params["+x"], trial.params["+y"]) for trial in outcomes}
    assert len(cells) == len(outcomes) == ours.cells
    given_up = [trial for trial in outcomes if trial.state is TrialState.FAIL]
    assert all(f"{MAX_ATTEMPTS - 1} trials before" in trial.user_attrs[REASON] for trial in given_up)
    for trial in outcomes:
        assert trial in given_up or trial.value == trial.params["+x"] + trial.params["+y"]
    assert [trial.number for trial in found] == list(range(len(found)))
    numbers = Counter(line.split()[0] for line in ours.started())
    assert max(numbers.values()) == 1, "no directory is used by two processes"
    damaged = [file.read_bytes() for file in (ours.folder / "sweep").glob("*.damaged-*")]
    assert not any(b"\n" in each for each in damaged), "last lines that a kill cut off, and no others"
    return [trial for trial in found if trial.number in repeated]


def kill_at_random(folder: Path, cells: int, processes: int, n_jobs: int, seconds: float) -> None:
    with sweeps(folder, cells, n_jobs) as ours:
        chance = random.Random(23)
        for _ in range(processes):
            ours.start()
        wait_until(lambda: len(ours.started()) > processes, 120)
        end = time.monotonic() + seconds
        while time.monotonic() < end and len(ours.started()) < cells:
            ours.kill_one(chance)
            time.sleep(chance.uniform(0.1, 0.6))
            for _ in range(processes - len(ours.running())):
                ours.start()
        for process in ours.running():
            ours.workers_of(process)
            process.kill()
            process.wait()
        wait_until(lambda: not any(map(is_alive, ours.workers)), 20)
        journal = folder / "sweep" / "study.journal"
        with journal.open("ab") as file:
            file.write(b'{"op_code":5,"worker_id":"a kill cuts it')
        last = subprocess.run(ours.command(8), capture_output=True, text=True)
        assert last.returncode == 0, last.stderr
        assert b"a kill cuts it" not in journal.read_bytes()
        assert check_exact(ours), "some trials were killed"


def test_eight_workers_of_four_commands_that_are_killed_at_random_finish_the_grid_exactly(
    tmp_path: Path,
) -> None:
    kill_at_random(tmp_path, cells=120, processes=4, n_jobs=2, seconds=8)


@pytest.mark.soak(only=True)
def test_eight_commands_that_are_killed_at_random_for_two_minutes_finish_the_grid_exactly(
    tmp_path: Path,
) -> None:
    kill_at_random(tmp_path, cells=1200, processes=8, n_jobs=1, seconds=120)


def test_workers_end_with_the_killed_process_that_started_them(tmp_path: Path) -> None:
    with sweeps(tmp_path, cells=200, n_jobs=2) as ours:
        process = ours.start()
        wait_until(lambda: len(ours.started()) >= 2, 60)
        workers = ours.workers_of(process)
        assert len(workers) == 2
        process.kill()
        process.wait()
        wait_until(lambda: not any(map(is_alive, workers)), 10)
        begun = len(ours.started())
        time.sleep(1)
        assert len(ours.started()) == begun


def test_a_study_in_a_database_is_exact_after_a_kill(tmp_path: Path) -> None:
    with sweeps(tmp_path, cells=16, n_jobs=2, storage=f"sqlite:///{tmp_path}/study.db") as ours:
        process = ours.start()
        wait_until(lambda: len(ours.started()) >= 6, 120)
        ours.workers_of(process)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        again = subprocess.run(ours.command(2), capture_output=True, text=True)
        assert again.returncode == 0, again.stderr
        assert "locked" not in again.stderr
        check_exact(ours)
