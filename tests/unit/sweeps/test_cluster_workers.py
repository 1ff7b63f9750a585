"""Workers of a sweep as tasks of an array: when they are submitted, and when they are cancelled."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from raasid.cluster.job_record import JobRecord
from raasid.cluster.job_script import Task
from raasid.cluster.slurm_commands import SlurmRefused
from raasid.config.launch import Job
from raasid.errors import RaasidError, UsageError
from raasid.sweeps import cluster_workers
from raasid.sweeps.cluster_workers import ClusterWorkers, cluster_launcher

CONFIG = OmegaConf.create(
    {
        "hydra": {
            "launcher": {"_target_": "hydra_plugins.raasid_slurm_launcher.slurm_launcher.SlurmLauncher"},
            "sweep": {"dir": "/logs/sweep/ball"},
            "overrides": {
                "hydra": ["hydra/launcher=slurm", "hydra.sweeper.n_jobs=8", "hydra.sweeper.n_trials=20"],
                "task": ["experiment=ball", "optimizer.lr=interval(1e-4,1e-2)"],
            },
        },
        "paths": {"logs": "/logs"},
    }
)
JOB = Job("sweep", "module:function", "module:Schema", ["raasid"], False, ["--config-dir", "mine"])


class Cluster:
    """Takes the place of Slurm: each array polls some times, and then has ended."""

    def __init__(self, polls: int = 3) -> None:
        self.arrays: list[list[Task]] = []
        self.cancelled: list[list[str]] = []
        self.refusals, self._polls = 0, polls

    def submit(self, verb: str, tasks: Sequence[Task], *_: Any) -> JobRecord:
        self.arrays.append(list(tasks))
        return JobRecord(
            "a", verb, "slurm", Path("/a"), datetime.now(UTC), (Path("/r"),) * len(tasks), (), "7"
        )

    def wait(self, _: JobRecord, on_poll: Callable[[], None], name: str) -> None:
        for _ in range(self._polls):
            on_poll()

    def scancel(self, words: Sequence[str]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise SlurmRefused(["scancel"], "no answer")
        self.cancelled.append(list(words))


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    cluster = Cluster()
    for name in ("submit", "wait", "scancel"):
        monkeypatch.setattr(cluster_workers, name, getattr(cluster, name))
    return cluster


def run(
    waiting: Sequence[int], ended: Sequence[int] = (1,) * 9, on_poll: Callable[[], None] = lambda: None
) -> tuple[ClusterWorkers, int | None]:
    """Run with so many trials waiting at each question, and so many that have ended after each array."""
    left, outcomes = iter(waiting), iter(ended)
    workers = ClusterWorkers(8, "slurm", CONFIG, JOB, "ball-1a2b3c")
    return workers, workers.run(lambda: next(left, 0), lambda _: next(outcomes), on_poll)


def test_each_task_is_the_same_sweep_with_one_worker_in_the_same_folder(cluster: Cluster) -> None:
    _, stopped = run([20, 5, 5, 5])
    assert stopped is None
    (tasks,) = cluster.arrays
    assert len(tasks) == 8
    assert set(tasks) == {
        Task(
            (
                "sweep",
                "--config-dir",
                "mine",
                "hydra.sweeper.n_trials=20",
                "experiment=ball",
                "optimizer.lr=interval(1e-4,1e-2)",
                "hydra.sweep.dir='/logs/sweep/ball'",
                "hydra.sweeper.study_name='ball-1a2b3c'",
                "hydra.sweeper.n_jobs=1",
            ),
            Path("/logs/sweep/ball"),
        )
    }
    assert cluster.cancelled == []


def test_no_more_tasks_are_submitted_than_trials_wait_and_again_while_some_do(cluster: Cluster) -> None:
    run([3, 1, 1, 1, 2, 1, 1, 1])
    assert [len(tasks) for tasks in cluster.arrays] == [3, 2]


def test_tasks_in_the_queue_are_cancelled_once_when_no_trial_waits(cluster: Cluster) -> None:
    run([8, 3, 0, 0])
    assert cluster.cancelled == [["--state=PENDING", "7"]]


def test_arrays_that_end_without_a_trial_are_an_error_at_the_third(cluster: Cluster) -> None:
    with pytest.raises(RaasidError, match="3 arrays ended before a trial did; see raasid jobs logs 7"):
        run([4] * 99, ended=[0] * 9)
    assert len(cluster.arrays) == 3


def test_a_signal_cancels_the_array_also_if_the_controller_answers_late(cluster: Cluster) -> None:
    cluster.refusals = 1
    _, stopped = run([8] * 9, on_poll=lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert (stopped, cluster.cancelled, len(cluster.arrays)) == (signal.SIGTERM, [["7"]], 1)


def test_a_sweep_that_gives_up_cancels_the_array_and_submits_no_other(cluster: Cluster) -> None:
    workers = ClusterWorkers(8, "slurm", CONFIG, JOB, "ball")
    assert workers.run(lambda: 8, lambda _: 1, workers.stop) is None
    assert (cluster.cancelled, len(cluster.arrays)) == ([["7"]], 1)


def test_only_verbs_of_raasid_have_workers_on_the_cluster() -> None:
    with pytest.raises(UsageError, match="hydra/launcher=slurm: runs the sweeps of raasid"):
        ClusterWorkers(8, "slurm", CONFIG, lambda _: None, "ball")
    assert cluster_launcher(CONFIG) == "slurm"
    basic = {"hydra": {"launcher": {"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"}}}
    assert cluster_launcher(OmegaConf.create(basic)) is None
