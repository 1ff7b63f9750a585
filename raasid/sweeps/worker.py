"""A worker of a sweep: takes trials one after another, runs each as a Hydra job, and tells the outcome.

Workers are processes of one machine, or of several that share the study's storage and the sweep's directory.
None waits for another.
"""

from __future__ import annotations

import logging
import math
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import optuna
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import Trial, TrialState

from raasid.errors import RaasidError
from raasid.sweeps.constraints import Constraint, set_constraints
from raasid.sweeps.current_trial import TrialPruned, enter_trial, leave_trial
from raasid.sweeps.sampled_values import check_params
from raasid.sweeps.search_space import SearchSpace
from raasid.sweeps.study_journal import one_append
from raasid.sweeps.trial_queue import CHECKPOINT, LOG, RUN_DIR, WANDB_RUN, TrialQueue

CustomSearchSpace = Callable[[DictConfig, Trial], None]
"""Adds parameters that depend on others: it is given the sweep's configuration and the trial."""
_log = logging.getLogger(__name__)


class StopFlag(Protocol):
    """Whether no further trial may begin."""

    def is_set(self) -> bool:
        """Return True once the sweep has to end."""
        ...


class TrialValueError(RaasidError):
    """A job that returned no number to optimise."""


class Worker:
    """Runs trials of a queue until none is waiting.

    launcher: Hydra's, set up. config: of the sweep, with its `hydra` part. logs: folder for the output of
    each trial.
    """

    def __init__(
        self,
        queue: TrialQueue,
        space: SearchSpace,
        launcher: Launcher,
        config: DictConfig,
        logs: Path,
        custom: CustomSearchSpace | None = None,
        constraints: Sequence[Constraint] = (),
    ) -> None:
        self._queue, self._space, self._launcher, self._config = queue, space, launcher, config
        self._logs, self._custom, self._constraints = logs, custom, constraints

    def run(self, stop: StopFlag) -> None:
        """Run trials. A signal puts the trial back and ends the process with the status of its job."""
        while not stop.is_set() and (taken := self._queue.take()) is not None:
            with taken.lease:
                self._run(taken.trial)

    def _run(self, trial: Trial) -> None:
        number, log = trial.number, self._logs / f"{trial.number}.log"
        try:
            with output_to(log):
                job = self._launch(trial, log)
                values = _values(job, len(self._queue.study.directions))
            set_constraints(trial, self._constraints, self._run_dir(trial), pruned=False)
        except (TrialPruned, optuna.TrialPruned):
            set_constraints(trial, self._constraints, self._run_dir(trial), pruned=True)
            self._tell(trial, state=TrialState.PRUNED)
        except (SystemExit, KeyboardInterrupt):
            self._queue.put_back(number)
            raise
        except Exception as error:  # whatever a job raises is the outcome of its trial, not of the sweep
            self._append(log, error)
            self._fail(trial, error)
        else:
            self._tell(trial, values=values)

    def _launch(self, trial: Trial, log: Path) -> JobReturn:
        run_dir = self._run_dir(trial)
        with one_append(trial.storage):
            for key, value in {**self._space.fixed, LOG: str(log), RUN_DIR: str(run_dir)}.items():
                trial.set_user_attr(key, value)
            for key, distribution in self._space.distributions.items():
                suggest(trial, key, distribution)
        if self._custom is not None:
            self._custom(self._config, trial)
        check_params(trial, self._space.fixed)
        overrides = [*self._space.overrides(trial.params), *self._continuing(run_dir)]
        enter_trial(trial)
        try:
            (job,) = self._launcher.launch([overrides], initial_job_idx=trial.number)
        finally:
            leave_trial()
        return job

    def _run_dir(self, trial: Trial) -> Path:
        return Path(self._config.hydra.sweep.dir) / str(trial.number)

    def _continuing(self, run_dir: Path) -> Iterator[str]:
        """Yield the override with which a training goes on that a signal has stopped."""
        last = run_dir / "checkpoints" / "last.ckpt"
        if "ckpt_path" in self._config and last.is_file():
            yield f"ckpt_path='{last.absolute()}'"

    def _tell(
        self, trial: Trial, values: Sequence[float] | None = None, state: TrialState | None = None
    ) -> None:
        with self._telling(trial):
            self._queue.study.tell(trial.number, values, state)

    def _fail(self, trial: Trial, error: Exception) -> None:
        reason = str(error).strip() or type(error).__name__
        if not isinstance(error, RaasidError):
            reason = f"{type(error).__name__}: {reason}"
        with self._telling(trial):
            self._queue.fail(trial.number, reason)

    @contextmanager
    def _telling(self, trial: Trial) -> Iterator[None]:
        """Record what the job has left in its directory together with the outcome, which the block tells."""
        checkpoint, wandb_run = (self._run_dir(trial) / f for f in ("checkpoints/best.ckpt", "wandb_run_id"))
        try:
            with one_append(trial.storage):
                if checkpoint.is_file():
                    trial.set_user_attr(CHECKPOINT, str(checkpoint))
                if wandb_run.is_file():
                    trial.set_user_attr(WANDB_RUN, wandb_run.read_text(encoding="utf-8").strip())
                yield
        except (UpdateFinishedTrialError, ValueError):
            message = "trial %d: counts as failed, because this process gave no sign of life"
            _log.warning(message, trial.number)

    @staticmethod
    def _append(log: Path, error: Exception) -> None:
        with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exception(error, file=file)


def suggest(trial: Trial, key: str, distribution: BaseDistribution) -> Any:
    """Let the sampler choose a value for a key."""
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(key, distribution.choices)
    if isinstance(distribution, IntDistribution):
        low, high = distribution.low, distribution.high
        return trial.suggest_int(key, low, high, step=distribution.step, log=distribution.log)
    assert isinstance(distribution, FloatDistribution)
    low, high = distribution.low, distribution.high  # type: ignore[assignment]
    return trial.suggest_float(key, low, high, step=distribution.step, log=distribution.log)


def _values(job: JobReturn, number: int) -> list[float]:
    """Return the values of a job. Raises what the job raised, and TrialValueError."""
    if job.status is JobStatus.FAILED:
        assert isinstance(job._return_value, BaseException)
        raise job._return_value
    returned = job.return_value
    values = list(returned) if isinstance(returned, list | tuple) else [returned]
    if len(values) != number:
        raise TrialValueError(f"the job returned {returned!r}, but {number} values are optimised")
    try:
        floats = [float(value) for value in values]
    except (TypeError, ValueError) as error:
        raise TrialValueError(f"the job returned {returned!r}, which is no number to optimise") from error
    if any(math.isnan(value) for value in floats):
        raise TrialValueError("the job returned NaN, which cannot be optimised")
    return floats


@contextmanager
def output_to(path: Path) -> Iterator[None]:
    """Append what this process and its children print to a file: workers must not mix their lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with path.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, number in zip(saved, (1, 2), strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)
