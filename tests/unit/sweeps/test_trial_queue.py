"""Trials are taken once, counted exactly, and those of dead processes come back."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from raasid.sweeps.study_journal import open_journal
from raasid.sweeps.trial_queue import MAX_ATTEMPTS, REASON, RETRY_OF, TrialQueue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def queue(folder: Path) -> TrialQueue:
    storage = open_journal(folder / "study.journal")
    study = optuna.create_study(storage=storage, study_name="s", load_if_exists=True)
    return TrialQueue(study, folder / "leases")


def in_child(target: Any, *arguments: Any) -> int:
    process = multiprocessing.get_context("spawn").Process(target=target, args=arguments)
    process.start()
    process.join()
    return process.exitcode or 0


def take_and_die(folder: Path, params: dict[str, float]) -> None:
    taken = queue(folder).take()
    assert taken is not None
    for name, value in params.items():
        taken.trial.suggest_float(name, value, value)
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_plan_is_the_total_however_often_it_is_made(folder: Path) -> None:
    trials = queue(folder)
    assert trials.plan(3) == 3
    assert trials.plan(3) == 3
    assert queue(folder).plan(5) == 5
    assert trials.progress().waiting == 5


def test_a_grid_is_planned_once(folder: Path) -> None:
    cells = [{"a": a, "b": b} for a in (1, 2) for b in ("x", "y")]
    assert queue(folder).plan(4, cells) == 4
    assert queue(folder).plan(4, cells) == 4
    fixed = [trial.system_attrs["fixed_params"] for trial in queue(folder).study.trials]
    assert fixed == cells


def test_of_two_processes_one_gets_a_trial(folder: Path) -> None:
    one, other = queue(folder), queue(folder)
    one.plan(2)
    first, second, third = one.take(), other.take(), one.take()
    assert first is not None
    assert second is not None
    assert {first.trial.number, second.trial.number} == {0, 1}
    assert third is None


def test_a_trial_of_a_dead_process_fails_and_its_parameters_come_back(folder: Path) -> None:
    trials = queue(folder)
    trials.plan(1)
    assert in_child(take_and_die, folder, {"x": 0.25}) == -signal.SIGKILL
    assert trials.progress().running == 1
    assert trials.reap() == [0]
    dead, again = trials.study.trials
    assert dead.state is TrialState.FAIL
    assert dead.user_attrs[REASON] == "its process died"
    assert again.state is TrialState.WAITING
    assert again.user_attrs[RETRY_OF] == 0
    taken = trials.take()
    assert taken is not None
    assert taken.trial.suggest_float("x", 0, 1) == 0.25
    assert trials.progress().ended == 0, "the dead one is not counted"
    assert trials.plan(1) == 1


def test_parameters_that_kill_every_process_are_given_up(folder: Path) -> None:
    trials = queue(folder)
    trials.plan(1)
    for _ in range(MAX_ATTEMPTS):
        in_child(take_and_die, folder, {"x": 0.5})
        trials.reap()
    assert trials.progress().failed == 1
    assert trials.progress().waiting == 0


def test_a_living_process_keeps_its_trial(folder: Path) -> None:
    trials = queue(folder)
    trials.plan(1)
    taken = trials.take()
    assert taken is not None
    assert queue(folder).reap() == []
    assert trials.progress().running == 1


def test_a_trial_that_is_put_back_keeps_its_number_and_parameters(folder: Path) -> None:
    trials = queue(folder)
    trials.plan(1)
    taken = trials.take()
    assert taken is not None
    value = taken.trial.suggest_float("x", 0, 1)
    taken.trial.report(1.0, 10)
    trials.put_back(taken.trial.number)
    taken.lease.release()
    again = queue(folder).take()
    assert again is not None
    assert again.trial.number == 0
    assert again.trial.suggest_float("x", 0, 1) == value
