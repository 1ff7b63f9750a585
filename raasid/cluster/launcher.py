"""Jobs of `-m` as tasks of one Slurm array: submit, wait, and return what each came to."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict

from raasid.cluster.job_record import JobRecord, LauncherName, read_result
from raasid.cluster.job_script import Task
from raasid.cluster.job_states import JobTask, job_tasks
from raasid.cluster.options import read_options
from raasid.cluster.slurm_commands import SlurmRefused
from raasid.cluster.submission import submit
from raasid.config.launch import SWEEP, Job
from raasid.config.run_dir import quote_path
from raasid.console.terminal import err
from raasid.errors import RaasidError, UsageError

_POLL_S = 1.0
_MAX_SILENCE_S = 600.0
_log = logging.getLogger(__name__)


class JobFailed(RaasidError):
    """A job on the cluster did not end well."""

    def __init__(self, task: JobTask, output: str) -> None:
        log = task.record.log(task.task)
        reason = f" ({task.reason})" if task.reason else ""
        super().__init__(
            f"job {task.record.task_id(task.task)} of {task.run_dir}: {task.state}{reason}\n"
            f"{output.rstrip()}\nits log: {log or 'none was written'}"
        )


def launch(
    launcher: LauncherName,
    context: HydraContext,
    config: DictConfig,
    job: Any,
    job_overrides: Sequence[Sequence[str]],
    first: int,
) -> list[JobReturn]:
    """Run jobs as one array, wait for all of them, and return their results in order.

    job: the task function; only this program's own verbs can be started again from a command line.
    first: number of the first job. A job that did not end well returns its failure.
    """
    if not isinstance(job, Job):
        raise UsageError(f"hydra/launcher={launcher}: runs the verbs of raasid, and no other application")
    options = read_options(config.hydra.launcher)
    tasks, configs = [], []
    for number, overrides in enumerate(job_overrides, first):
        composed = _compose(context, config, list(overrides), number)
        run_dir = Path(composed.hydra.sweep.dir, composed.hydra.sweep.subdir)
        configs.append(composed)
        tasks.append(Task(tuple(_words(job, config, overrides, run_dir)), run_dir, job.verb == "train"))
    sweep_dir = Path(config.hydra.sweep.dir)
    record = submit(job.verb, tasks, options, Path(config.paths.logs), sweep_dir, launcher, job.argv)
    where = f"as job {record.id}" if record.launcher == "slurm" else "in the background"
    err().print(f"{len(tasks)} jobs submitted {where}; raasid jobs shows them", markup=False)
    ended = wait(record)
    return [
        _result(task, composed, list(overrides))
        for task, composed, overrides in zip(ended, configs, job_overrides, strict=True)
    ]


def wait(record: JobRecord, on_poll: Callable[[], None] = lambda: None, name: str = "#") -> list[JobTask]:
    """Wait until all tasks of a job have ended; log each change of a state.

    on_poll: called each time; what it raises ends the waiting, and the job goes on.
    name: of a task, before its number.
    A controller that does not answer is asked again for ten minutes. Raises SlurmRefused.
    """
    seen: dict[int, str] = {}
    silent_since: float | None = None
    while True:
        on_poll()
        try:
            tasks = list(job_tasks([record]))
        except SlurmRefused as error:
            silent_since = silent_since or time.monotonic()
            if time.monotonic() - silent_since > _MAX_SILENCE_S:
                raise
            _log.warning("%s", error)
            time.sleep(10 * _POLL_S)
            continue
        silent_since = None
        for task in tasks:
            if seen.get(task.task) != task.state:
                seen[task.task] = task.state
                _log.info("%s%d : %s", name, task.task, f"{task.state} {task.reason}".rstrip())
        if all(task.ended for task in tasks):
            return tasks
        time.sleep(_POLL_S)


def outcome(task: JobTask) -> Any:
    """Return what the command of an ended task returned. Raises JobFailed with its own error."""
    returned = read_result(task.record.folder, task.task)
    if task.state == "COMPLETED":
        return returned.get("value")
    raise JobFailed(task, returned.get("error") or _end_of_log(task))


def _compose(context: HydraContext, config: DictConfig, overrides: list[str], number: int) -> DictConfig:
    composed: DictConfig = context.config_loader.load_sweep_config(config, overrides)
    with open_dict(composed):
        composed.hydra.job.id = f"{config.hydra.job.name}_{number}"
        composed.hydra.job.num = number
    return composed


def _words(job: Job, config: DictConfig, overrides: Sequence[str], run_dir: Path) -> list[str]:
    """Return the command of one job, after `raasid`."""
    own = [text for text in config.hydra.overrides.hydra if not text.startswith(_OF_THE_SWEEP)]
    verb = "train" if job.verb == SWEEP else job.verb
    return [verb, *job.options, *own, *overrides, "hydra.mode=RUN", f"hydra.run.dir={quote_path(run_dir)}"]


_OF_THE_SWEEP = (
    "hydra.mode",
    "hydra.sweep",
    "hydra.run",
    "hydra/sweeper",
    "hydra/launcher",
    "hydra.launcher",
)


def _result(task: JobTask, config: DictConfig, overrides: list[str]) -> JobReturn:
    found = JobReturn(overrides=overrides, cfg=config, hydra_cfg=config, working_dir=str(task.run_dir))
    try:
        found.return_value, found.status = outcome(task), JobStatus.COMPLETED
    except JobFailed as error:
        found.return_value, found.status = error, JobStatus.FAILED
    return found


def _end_of_log(task: JobTask) -> str:
    log = task.record.log(task.task)
    if log is None:
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-15:])
