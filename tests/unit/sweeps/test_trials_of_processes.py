"""Trials that several processes take at once, and those of a process that was suspended for too long."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from raasid.io import lease
from raasid.sweeps.search_space import SearchSpace
from raasid.sweeps.study_storage import open_storage, open_study
from raasid.sweeps.trial_queue import REASON, RETRY_OF, TrialQueue

EMPTY = SearchSpace({}, {})


def open_queue(storage: str, folder: Path) -> TrialQueue:
    study = open_study(open_storage(storage, folder), "s", ["minimize"], EMPTY)
    return TrialQueue(study, folder / "leases")


def take_all(storage: str, folder: Path, barrier: Barrier) -> None:
    """Note the number of each trial that this process takes, in a file that all append to."""
    barrier.wait()
    queue = open_queue(storage, folder)
    queue.plan(15)
    with (folder / "taken").open("a", buffering=1) as taken_numbers:
        while (taken := queue.take()) is not None:
            with taken.lease:
                taken_numbers.write(f"{taken.trial.number}\n")
                queue.study.tell(taken.trial.number, float(taken.trial.number))


@pytest.mark.parametrize("storage", ["sqlite:///{}/study.db", "{}/study.journal"])
def test_each_trial_is_taken_once_by_processes_that_start_at_once(tmp_path: Path, storage: str) -> None:
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(3)
    url = storage.format(tmp_path)
    processes = [context.Process(target=take_all, args=(url, tmp_path, barrier)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 3
    numbers = sorted(map(int, (tmp_path / "taken").read_text().split()))
    assert numbers == list(range(15))
    assert open_queue(url, tmp_path).progress().complete == 15


SUSPENDED = """
import sys
from pathlib import Path
from types import SimpleNamespace
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf
from raasid.io import lease
lease._boot_id = lambda: "another machine"
from raasid.sweeps.current_trial import current_trial
from raasid.sweeps.search_space import SearchSpace
from raasid.sweeps.study_journal import open_journal
from raasid.sweeps.study_storage import open_study
from raasid.sweeps.trial_queue import TrialQueue
from raasid.sweeps.trial_reports import TrialReports
from raasid.sweeps.worker import Worker

folder, stop = Path(sys.argv[1]), []

def launch(overrides, initial_job_idx):
    sys.stderr.write("runs\\n")
    sys.stdin.readline()
    stop.append(True)
    trainer = SimpleNamespace(callback_metrics={"loss": 0.1}, sanity_checking=False, is_global_zero=True,
        global_step=7, val_check_interval=10, check_val_every_n_epoch=None)
    job = JobReturn()
    try:
        TrialReports("loss").on_validation_end(trainer, None)
        job.status, job._return_value = JobStatus.COMPLETED, 0.1
    except Exception as error:
        job.status, job._return_value = JobStatus.FAILED, error
    return [job]

study = open_study(open_journal(folder / "study.journal"), "s", ["minimize"], SearchSpace({}, {}))
config = OmegaConf.create({"hydra": {"sweep": {"dir": str(folder)}}})
launcher, flag = SimpleNamespace(launch=launch), SimpleNamespace(is_set=lambda: bool(stop))
Worker(TrialQueue(study, folder / "leases"), SearchSpace({}, {}), launcher, config, folder / "logs").run(flag)
"""


def test_a_suspended_process_learns_at_its_next_report_that_its_trial_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = open_queue(f"{tmp_path}/study.journal", tmp_path)
    queue.plan(1)
    process = subprocess.Popen(
        [sys.executable, "-c", SUSPENDED, str(tmp_path)], stdin=subprocess.PIPE, text=True
    )
    log = tmp_path / "logs" / "0.log"
    while not (log.is_file() and "runs" in log.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGSTOP)
    assert queue.reap() == [], "it may be alive"
    monkeypatch.setattr(lease, "EXPIRES_S", 0.5)
    time.sleep(1)
    assert queue.reap() == [0]
    os.kill(process.pid, signal.SIGCONT)
    process.communicate("go on\n", timeout=60)
    assert process.returncode == 0
    assert "TrialLost" in log.read_text()
    lost, again = queue.study.trials
    assert (lost.state, lost.value, lost.user_attrs[REASON]) == (TrialState.FAIL, None, "its process died")
    assert not lost.intermediate_values
    assert (again.state, again.user_attrs[RETRY_OF]) == (TrialState.WAITING, 0)


def test_a_running_trial_of_another_program_is_left_alone(tmp_path: Path) -> None:
    queue = open_queue(f"{tmp_path}/study.journal", tmp_path)
    theirs = optuna.load_study(study_name="s", storage=queue.study._storage).ask()
    assert queue.reap() == queue.reap(wait=True) == []
    assert queue.study.trials[theirs.number].state is TrialState.RUNNING


def test_a_trial_that_died_before_its_parameters_were_recorded_comes_back_as_the_same_cell(
    tmp_path: Path,
) -> None:
    queue = open_queue(f"{tmp_path}/study.journal", tmp_path)
    queue.plan(1, [{"lr": 0.1}])
    taken = queue.take()
    assert taken is not None
    taken.lease.release()
    assert queue.reap() == [0]
    assert queue.study.trials[1].system_attrs["fixed_params"] == {"lr": 0.1}


def test_a_process_that_dies_while_it_reaps_leaves_one_repetition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = open_queue(f"{tmp_path}/study.journal", tmp_path)
    queue.plan(1)
    taken = queue.take()
    assert taken is not None
    taken.lease.release()

    def die(number: int, reason: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(queue, "fail", die)
        with pytest.raises(KeyboardInterrupt):
            queue.reap()
    assert queue.reap() == [0]
    assert [trial.state for trial in queue.study.trials] == [TrialState.FAIL, TrialState.WAITING]
