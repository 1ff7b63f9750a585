"""A sweep from its start to its end: plan the trials, keep the workers busy, tell what came out."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any, get_args

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, TaskFunction
from hydra.utils import get_method, instantiate
from omegaconf import DictConfig, OmegaConf
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from raasid.errors import Exit, RaasidError, Stopped, UsageError
from raasid.io.atomic import write_atomic
from raasid.sweeps.results import describe_outcome, write_results
from raasid.sweeps.search_space import SearchSpace, read_search_space
from raasid.sweeps.study_storage import Direction, open_storage, open_study
from raasid.sweeps.sweep_page import write_page
from raasid.sweeps.trial_queue import LOG, REASON, RETRY_OF, TrialQueue
from raasid.sweeps.worker import CustomSearchSpace, Worker

GRID = "GridSampler"
_POLL_S = 0.05
_MAX_FRUITLESS = 3
"""Workers that may die one after another without having taken a trial."""
_log = logging.getLogger(__name__)


class TooManyFailures(RaasidError):
    """More trials failed than the sweep allows."""


@dataclass
class SweepOptions:
    """Section `hydra.sweeper`."""

    sampler: Any
    direction: Any = "minimize"
    """minimize or maximize; a list for several values."""
    storage: Any = None
    study_name: str | None = None
    n_trials: int = 20
    """In total: a sweep that is started again goes on."""
    n_jobs: int = 1
    """Workers of this machine."""
    max_failure_rate: float = 0.0
    """Share of `n_trials` that may fail before the sweep ends."""
    params: Mapping[str, Any] | None = None
    custom_search_space: str | None = None
    pruner: Any = None

    @property
    def directions(self) -> list[Direction]:
        """One direction for each value."""
        given: list[Any] = [self.direction] if isinstance(self.direction, str) else list(self.direction)
        for direction in given:
            if direction not in get_args(Direction):
                raise UsageError(f"hydra.sweeper.direction: minimize or maximize, but is '{direction}'")
        return given


@dataclass
class Sweep:
    """One sweep of a Hydra application."""

    options: SweepOptions
    config: DictConfig
    hydra_context: HydraContext
    task_function: TaskFunction
    space: SearchSpace = field(init=False)

    def __post_init__(self) -> None:
        self.sweep_dir = Path(self.config.hydra.sweep.dir)
        self.name = self.options.study_name or str(self.config.hydra.job.name)
        self._custom = _find(self.options.custom_search_space)

    def run(self, arguments: Sequence[str]) -> None:
        """Run all trials that the study lacks. Raises RaasidError, Stopped."""
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        self.space = read_search_space(_plain(self.options.params), arguments, parser)
        grid = self.space.grid() if self._is_grid else []
        n_trials = min(self.options.n_trials, len(grid)) if grid else self.options.n_trials
        self.sweep_dir.mkdir(parents=True, exist_ok=True)
        write_atomic(self.sweep_dir / "multirun.yaml", OmegaConf.to_yaml(self.config))
        study = self._open()
        queue = self._queue(study)
        queue.plan(n_trials, grid)
        self._reap(queue)
        self._announce(study, queue, n_trials)
        try:
            self._work(queue, n_trials)
        finally:
            write_results(study, self.space, self.sweep_dir, self.hydra_context.config_loader)
            page = write_page(study, queue.progress(), self.sweep_dir)
        for line in describe_outcome(study, queue.progress()):
            _log.info(line)
        _log.info("Report: %s", page)

    @property
    def _is_grid(self) -> bool:
        return str((self.options.sampler or {}).get("_target_", "")).endswith(GRID)

    def _open(self, worker: int = 0) -> Study:
        directions = self.options.directions
        pruner = self._build_pruner()
        if len(directions) > 1 and not isinstance(pruner, NopPruner):
            raise UsageError(
                "hydra.sweeper.pruner: several values cannot be pruned by; choose hydra/sweeper/pruner=none"
            )
        storage = open_storage(_plain(self.options.storage), self.sweep_dir)
        study = open_study(storage, self.name, directions, self.space, pruner=pruner)
        study.sampler = self._build_sampler(worker, len(study.get_trials(deepcopy=False)))
        return study

    def _build_sampler(self, worker: int, trials: int) -> BaseSampler:
        """Build the sampler; workers, and a sweep that goes on, draw other numbers from the same seed."""
        if self._is_grid:
            return RandomSampler(seed=0)  # every trial brings its parameters
        section = _plain(self.options.sampler)
        if section.get("seed") is not None and (worker or trials > self.options.n_trials):
            section["seed"] = (int(section["seed"]) + 7919 * worker + 104729 * trials) % 2**32
        sampler: BaseSampler = _instantiate(section, "sampler")
        return sampler

    def _build_pruner(self) -> BasePruner:
        return (
            NopPruner()
            if self.options.pruner is None
            else _instantiate(_plain(self.options.pruner), "pruner")
        )

    def _queue(self, study: Study) -> TrialQueue:
        return TrialQueue(study, self.sweep_dir / "leases")

    def _announce(self, study: Study, queue: TrialQueue, n_trials: int) -> None:
        progress = queue.progress()
        _log.info("Study name: %s", study.study_name)
        _log.info("Storage: %s", self.options.storage or self.sweep_dir / "study.journal")
        _log.info("Sampler: %s", GRID if self._is_grid else type(study.sampler).__name__)
        _log.info("Directions: %s", self.options.directions)
        if progress.ended:
            _log.info("%d of %d trials have ended before; the sweep goes on", progress.ended, n_trials)
        startup = getattr(study.sampler, "_n_startup_trials", 0)
        if n_trials <= startup and not self._is_grid:
            _log.info(
                "n_trials=%d is not more than n_startup_trials=%d: the search stays random", n_trials, startup
            )

    def _work(self, queue: TrialQueue, n_trials: int) -> None:
        """Keep the workers running until no trial is left."""
        context = multiprocessing.get_context("fork")
        stop = context.Event()
        told = {trial.number for trial in queue.ended()}
        workers: dict[int, ForkProcess] = {}
        with _forwarding_signals(workers) as stopped:
            started = fruitless = 0
            while True:
                progress = queue.progress()
                if stopped() is None and not stop.is_set():
                    missing = min(self.options.n_jobs, progress.waiting) - len(workers)
                    for _ in range(missing):
                        process = context.Process(target=self._worker, args=(started, stop))
                        process.start()
                        workers[process.pid or 0] = process
                        started += 1
                if not workers:
                    break
                time.sleep(_POLL_S)
                for pid in [pid for pid, process in workers.items() if not process.is_alive()]:
                    code = workers.pop(pid).exitcode
                    if code and code not in (Exit.PREEMPTED, Exit.INTERRUPTED):
                        reaped = self._reap(queue)
                        fruitless = 0 if reaped else fruitless + 1
                        if fruitless >= _MAX_FRUITLESS:
                            raise RaasidError(
                                f"{fruitless} workers died (status {code}) before they took a trial"
                            )
                self._tell_new(queue, told, n_trials)
                if self._too_many_failures(queue, n_trials):
                    stop.set()
        self._tell_new(queue, told, n_trials)
        if (which := stopped()) is not None:
            exit_status = Exit.INTERRUPTED if which == signal.SIGINT else Exit.PREEMPTED
            raise Stopped("the sweep was stopped; type the same again, and it goes on", exit_status)
        if self._too_many_failures(queue, n_trials):
            raise self._failure(queue)

    def _reap(self, queue: TrialQueue) -> int:
        reaped = queue.reap()
        for number in reaped:
            _log.info("trial %d: its process died", number)
        return len(reaped)

    def _worker(self, number: int, stop: Any) -> None:
        """Run in a process of its own: nothing of the study is shared with the parent but its storage."""
        for which in (signal.SIGINT, signal.SIGTERM):
            signal.signal(which, signal.SIG_DFL if which == signal.SIGTERM else signal.default_int_handler)
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // self.options.n_jobs)))
        launcher = Plugins.instance().instantiate_launcher(
            config=self.config, hydra_context=self.hydra_context, task_function=self.task_function
        )
        worker = Worker(
            self._queue(self._open(number)),
            self.space,
            launcher,
            self.config,
            self.sweep_dir / "logs",
            self._custom,
        )
        worker.run(stop)

    def _tell_new(self, queue: TrialQueue, told: set[int], n_trials: int) -> None:
        """Print a line for each trial that has ended since."""
        for trial in queue.ended():
            if trial.number in told:
                continue
            told.add(trial.number)
            params = " ".join(f"{key}={value}" for key, value in trial.params.items())
            ended = queue.progress().ended
            _log.info("#%d : %s : %s (%d of %d)", trial.number, params, _outcome(trial), ended, n_trials)

    def _too_many_failures(self, queue: TrialQueue, n_trials: int) -> bool:
        return queue.progress().failed > self.options.max_failure_rate * n_trials

    def _failure(self, queue: TrialQueue) -> TooManyFailures:
        retried = {trial.user_attrs.get(RETRY_OF) for trial in queue.ended()}
        failed = [
            trial for trial in queue.ended() if trial.state is TrialState.FAIL and trial.number not in retried
        ]
        first = failed[0]
        return TooManyFailures(
            f"{len(failed)} trials failed, and max_failure_rate={self.options.max_failure_rate:g} allows "
            f"fewer; trial {first.number}: {first.user_attrs.get(REASON)}\n"
            f"its output: {first.user_attrs.get(LOG)}"
        )


@contextmanager
def _forwarding_signals(workers: Mapping[int, ForkProcess]) -> Iterator[Any]:
    """Pass TERM and USR1 on to the workers; yield a function that says which signal came, if one did.

    Ctrl-C reaches the workers by itself, as they are of the terminal's process group.
    """
    came: list[int] = []

    def handle(which: int, _: object) -> None:
        came.append(which)
        for process in workers.values():
            if process.pid is not None and process.is_alive() and which != signal.SIGINT:
                os.kill(process.pid, which)

    watched = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
    before = {which: signal.signal(which, handle) for which in watched}
    try:
        yield lambda: came[0] if came else None
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)


def _find(hook: str | None) -> CustomSearchSpace | None:
    if hook is None:
        return None
    try:
        found: CustomSearchSpace = get_method(hook)
    except Exception as error:  # whatever the import of a user's module raises
        cause = str(error).splitlines()[0]
        raise UsageError(f"hydra.sweeper.custom_search_space: {hook}: {cause}") from error
    return found


def _outcome(trial: FrozenTrial) -> str:
    if trial.state is TrialState.FAIL:
        return f"failed: {next(iter(str(trial.user_attrs.get(REASON)).splitlines()), '')}"
    values = " ".join(f"{value:.6g}" for value in trial.values or ())
    return values if trial.state is TrialState.COMPLETE else f"pruned at {values}"


def _plain(section: Any) -> Any:
    return OmegaConf.to_container(section, resolve=True) if OmegaConf.is_config(section) else section


def _instantiate(section: Mapping[str, Any], what: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        try:
            return instantiate(section)
        except Exception as error:  # a class that is not there, or that refuses its arguments
            cause = error.__cause__ or error
            raise UsageError(f"hydra.sweeper.{what}: {str(cause).splitlines()[0]}") from error
