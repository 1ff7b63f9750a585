"""What is written together is one append to the journal; only what must not be lost waits for the disk."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import optuna
import pytest
from optuna.trial import Trial, TrialState

from raasid.sweeps.study_journal import one_append, open_journal
from raasid.sweeps.trial_queue import TrialQueue


@pytest.fixture
def queue(tmp_path: Path) -> TrialQueue:
    study = optuna.create_study(storage=open_journal(tmp_path / "study.journal"), study_name="s")
    return TrialQueue(study, tmp_path / "leases")


@pytest.fixture
def appends(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of records of each append."""
    sizes: list[int] = []
    write = os.pwrite

    def counted(descriptor: int, data: bytes, offset: int) -> int:
        sizes.append(data.count(b"\n"))
        return write(descriptor, data, offset)

    monkeypatch.setattr("os.pwrite", counted)
    return sizes


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr("os.fsync", found.append)
    return found


def test_a_plan_of_a_thousand_trials_is_one_append(
    queue: TrialQueue, appends: list[int], syncs: list[int]
) -> None:
    queue.plan(1000)
    assert max(appends) == 1000
    assert len(syncs) == 1
    assert queue.progress().waiting == 1000


def test_parameters_and_attributes_of_a_trial_are_one_append(queue: TrialQueue, appends: list[int]) -> None:
    queue.plan(1)
    trial = _taken(queue)
    appends.clear()
    with one_append(trial.storage):
        trial.set_user_attr("log", "0.log")
        trial.suggest_float("x", 0, 1)
        trial.suggest_float("y", 0, 1)
    assert appends == [3]
    (read,) = queue.study.trials
    assert read.params == trial.params
    assert set(read.params) == {"x", "y"}
    assert read.user_attrs == {"log": "0.log"}


def test_other_records_are_not_held_back(queue: TrialQueue, appends: list[int]) -> None:
    queue.plan(1)
    trial = _taken(queue)
    with one_append(trial.storage):
        trial.set_user_attr("log", "0.log")
        trial.report(0.5, 1)
        assert queue.study.trials[0].intermediate_values == {1: 0.5}
    assert queue.study.trials[0].user_attrs == {"log": "0.log"}


def test_what_is_held_is_written_when_the_block_fails(queue: TrialQueue) -> None:
    queue.plan(1)
    trial = _taken(queue)
    with suppress(RuntimeError), one_append(trial.storage):
        trial.set_user_attr("log", "0.log")
        raise RuntimeError("a sampler that fails")
    assert queue.study.trials[0].user_attrs == {"log": "0.log"}


def test_parameters_and_outcomes_are_flushed_to_the_disk_and_the_rest_is_not(
    queue: TrialQueue, syncs: list[int]
) -> None:
    queue.plan(1)
    syncs.clear()
    trial = _taken(queue)
    trial.set_user_attr("log", "0.log")
    trial.report(0.5, 1)
    assert not syncs
    trial.suggest_float("x", 0, 1)
    assert len(syncs) == 1
    queue.study.tell(trial.number, 0.5)
    assert len(syncs) == 2
    assert queue.study.trials[0].state is TrialState.COMPLETE


def test_a_database_takes_each_record_as_it_comes(tmp_path: Path) -> None:
    study = optuna.create_study(storage=f"sqlite:///{tmp_path}/study.db")
    with one_append(study._storage):
        study.ask().set_user_attr("log", "0.log")
        assert study.trials[0].user_attrs == {"log": "0.log"}


def _taken(queue: TrialQueue) -> Trial:
    taken = queue.take()
    assert taken is not None
    return taken.trial
