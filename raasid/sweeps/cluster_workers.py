"""Workers of a sweep as tasks of a Slurm array, each the same sweep with one worker of its own.

They take trials of one study from its storage, so none waits for another, more of them can be submitted by
hand, and a task that is preempted goes on after it was queued again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.types import TaskFunction
from omegaconf import DictConfig, OmegaConf

from raasid.cluster import local_jobs
from raasid.cluster.job_record import JobRecord, LauncherName
from raasid.cluster.job_script import Task
from raasid.cluster.launcher import wait
from raasid.cluster.options import read_options
from raasid.cluster.slurm_commands import SlurmRefused, scancel
from raasid.cluster.submission import submit
from raasid.config.launch import SWEEP, Job
from raasid.config.run_dir import quote_path
from raasid.console.terminal import err
from raasid.errors import RaasidError, UsageError
from raasid.sweeps.worker_pool import forwarding_signals

_MAX_FRUITLESS = 3
"""Arrays that may end one after another while no trial ends."""
_log = logging.getLogger(__name__)


def cluster_launcher(config: DictConfig) -> LauncherName | None:
    """Return the launcher of a sweep whose workers are jobs of their own; None with any other launcher."""
    name = str(config.hydra.launcher.get("_target_", "")).rpartition(".")[2]
    known: dict[str, LauncherName] = {"SlurmLauncher": "slurm", "SlurmLocalLauncher": "slurm_local"}
    return known.get(name)


class ClusterWorkers:
    """Keeps at most `n_jobs` tasks at work; runs as `raasid.sweeps.worker_pool.WorkerPool` does."""

    def __init__(
        self, n_jobs: int, launcher: LauncherName, config: DictConfig, job: TaskFunction, study: str
    ) -> None:
        if not isinstance(job, Job):
            raise UsageError(
                f"hydra/launcher={launcher}: runs the sweeps of raasid, and no other application"
            )
        self._n_jobs, self._launcher, self._config, self._job = n_jobs, launcher, config, job
        self._study, self._stopping = study, False

    def stop(self) -> None:
        """End the tasks; the trials that they are at wait again."""
        self._stopping = True

    def run(
        self, waiting: Callable[[], int], reap: Callable[[bool], int], on_poll: Callable[[], None]
    ) -> int | None:
        """Submit tasks until no trial is left; return the signal that stopped this process, or None.

        See `WorkerPool.run`. Raises RaasidError if the tasks end again and again while no trial does.
        """
        fruitless = 0
        with forwarding_signals({}) as stopped:
            while (needed := min(self._n_jobs, waiting())) and stopped() is None and not self._stopping:
                record = self._submit(needed)
                self._watch(record, lambda: stopped() is not None, waiting, on_poll)
                fruitless = 0 if reap(True) else fruitless + 1
                if fruitless >= _MAX_FRUITLESS:
                    raise RaasidError(
                        f"{fruitless} arrays ended before a trial did; see raasid jobs logs {record.id}"
                    )
            return stopped()

    def _submit(self, tasks: int) -> JobRecord:
        sweep_dir = Path(self._config.hydra.sweep.dir)
        task = Task(tuple(self._words(sweep_dir)), sweep_dir)
        record = submit(
            SWEEP,
            [task] * tasks,
            read_options(self._config.hydra.launcher),
            Path(self._config.paths.logs),
            sweep_dir,
            self._launcher,
            self._job.argv,
        )
        err().print(f"{tasks} workers submitted as job {record.id}; raasid jobs shows them", markup=False)
        return record

    def _words(self, sweep_dir: Path) -> list[str]:
        """Return the command of a worker, after `raasid`."""
        typed: Any = OmegaConf.to_container(self._config.hydra.overrides, resolve=False)  # the node resolves
        own = [text for text in [*typed["hydra"], *typed["task"]] if not text.startswith(_REPLACED)]
        verb: Sequence[str] = [SWEEP] if self._job.verb == SWEEP else [self._job.verb, "-m"]
        return [
            *verb,
            *self._job.options,
            *own,
            f"hydra.sweep.dir={quote_path(sweep_dir)}",
            f"hydra.sweeper.study_name={quote_path(Path(self._study))}",
            "hydra.sweeper.n_jobs=1",
        ]

    def _watch(
        self,
        record: JobRecord,
        stopped: Callable[[], bool],
        waiting: Callable[[], int],
        on_poll: Callable[[], None],
    ) -> None:
        """Wait until the tasks of an array have ended; end them if this process has to stop.

        Tasks that have not begun when no trial waits any more are cancelled: on a busy cluster they would
        stand in the queue for nothing. A trial that waits again later is one of the next array.
        """
        cancelled = idle = False

        def poll() -> None:
            nonlocal cancelled, idle
            on_poll()
            if not cancelled and (stopped() or self._stopping):
                cancelled = _cancel(record)
            elif not (cancelled or idle) and waiting() == 0:
                idle = _cancel(record, only_pending=True)

        wait(record, poll, "worker ")


def _cancel(record: JobRecord, only_pending: bool = False) -> bool:
    """Cancel the tasks of an array; return False if it has to be tried again."""
    if record.launcher == "slurm_local":
        if not only_pending:
            local_jobs.cancel(record.folder)
        return True
    try:
        scancel([*(["--state=PENDING"] if only_pending else []), str(record.id)])
    except SlurmRefused as error:
        _log.warning("%s", error)
        return False
    return True


_REPLACED = (
    "hydra.mode",
    "hydra.sweep.dir",
    "hydra.sweeper.n_jobs",
    "hydra.sweeper.study_name",
    "hydra/launcher",
    "hydra.launcher",
)
