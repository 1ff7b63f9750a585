"""A sweep from its start to its end: plan the trials, keep the workers busy, tell what came out."""

from __future__ import annotations

import hashlib
import logging
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf
from optuna.study import Study
from optuna.trial import TrialState

from raasid.console.terminal import print_error
from raasid.errors import Exit, RaasidError, Stopped
from raasid.io.atomic import write_atomic
from raasid.io.lease import HEARTBEAT_S
from raasid.sweeps.best_trial import best_trial_of, finish_best
from raasid.sweeps.cluster_workers import ClusterWorkers, cluster_launcher
from raasid.sweeps.composition_cache import CompositionCache
from raasid.sweeps.current_trial import check_ranks
from raasid.sweeps.progress_display import ProgressDisplay
from raasid.sweeps.results import RESULTS, describe_outcome, write_results
from raasid.sweeps.sampled_values import CheckedTask
from raasid.sweeps.search_space import SearchSpace, read_search_space
from raasid.sweeps.study_storage import SweepDirUnusable, naming_lost_storage
from raasid.sweeps.sweep_page import write_page
from raasid.sweeps.sweeper_options import GRID, SweepOptions, to_plain
from raasid.sweeps.trial_queue import LOG, REASON, RETRY_OF, Progress, TrialQueue
from raasid.sweeps.worker import StopFlag, Worker
from raasid.sweeps.worker_pool import WorkerPool

_log = logging.getLogger(__name__)


class TooManyFailures(RaasidError):
    """More trials failed than the sweep allows."""


class NoTrialSucceeded(RaasidError):
    """A sweep that has nothing to compare."""


@dataclass
class Sweep:
    """One sweep of a Hydra application."""

    options: SweepOptions
    config: DictConfig
    hydra_context: HydraContext
    task_function: TaskFunction
    space: SearchSpace = field(init=False)

    def __post_init__(self) -> None:
        self.options = self.options.with_direction_of(self.config)
        self.sweep_dir = Path(self.config.hydra.sweep.dir)
        self.name = self.options.study_name or self._default_name()
        self._custom = self.options.find_custom_search_space()
        self._reaped, self._ended = 0.0, 0

    def _default_name(self) -> str:
        """Return the application's name; in a storage of several sweeps, with a hash of the directory."""
        name = str(self.config.hydra.job.name)
        if self.options.storage is None:
            return name
        return f"{name}-{hashlib.sha256(str(self.sweep_dir.absolute()).encode()).hexdigest()[:6]}"

    def run(self, arguments: Sequence[str]) -> None:
        """Run all trials that the study lacks. Raises RaasidError, Stopped."""
        with naming_lost_storage(self.options.describe_storage(self.sweep_dir)):
            self._run(arguments)

    def _run(self, arguments: Sequence[str]) -> None:
        check_ranks(OmegaConf.select(self.config, "trainer"))
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        self.space = read_search_space(to_plain(self.options.params), arguments, parser)
        grid = self.space.grid(self.options.grid_seed) if self.options.is_grid else []
        n_trials = min(self.options.n_trials, len(grid)) if grid else self.options.n_trials
        self.options.check()
        study = self._open_study()
        try:
            self.sweep_dir.mkdir(parents=True, exist_ok=True)
            write_atomic(self.sweep_dir / "multirun.yaml", OmegaConf.to_yaml(self.config))
        except OSError as error:
            raise SweepDirUnusable(self.sweep_dir, error) from error
        queue = self._queue(study)
        queue.plan(n_trials, grid)
        self._reap(queue)
        self._announce(study, queue, n_trials)
        try:
            self._work(queue, n_trials)
        finally:
            loader = self.hydra_context.config_loader
            write_results(study, self.space, self.sweep_dir, self.config, loader)
            metric = OmegaConf.select(self.config, "optimized_metric")
            page = write_page(study, queue.progress(), self.sweep_dir, metric)
        for line in describe_outcome(study, queue.progress()):
            _log.info(line)
        _log.info("Report: %s", page)
        self._check_success(queue.progress())
        self._finish(study, queue.progress())

    def _check_success(self, progress: Progress) -> None:
        if progress.failed and not progress.complete + progress.pruned + progress.running:
            raise NoTrialSucceeded(
                f"all {progress.failed} trials failed; the reasons are above, "
                f"and the output is in {self.sweep_dir}/logs"
            )

    def _finish(self, study: Study, progress: Progress) -> None:
        """Say how the best is used, and let the application end it."""
        if len(study.directions) > 1 and hasattr(self.task_function, "for_best"):
            _log.info("Nothing is made of several best trials; %s lists them", self.sweep_dir / RESULTS)
        storage = self.options.describe_storage(self.sweep_dir.absolute())
        best = best_trial_of(study, progress, storage)
        if best is not None:
            folder = shlex.quote(str(self.sweep_dir))
            _log.info("The best as an experiment: --config-dir %s experiment=best", folder)
        finish_best(best, progress, self.space, self.config, self.hydra_context, self.task_function)

    def _open_study(self, worker: int = 0) -> Study:
        return self.options.open_study(self.name, self.space, self.sweep_dir, worker)

    def _queue(self, study: Study) -> TrialQueue:
        return TrialQueue(study, self.sweep_dir / "leases")

    def _announce(self, study: Study, queue: TrialQueue, n_trials: int) -> None:
        progress = queue.progress()
        _log.info("Study name: %s", study.study_name)
        _log.info("Storage: %s", self.options.describe_storage(self.sweep_dir))
        _log.info("Sampler: %s", GRID if self.options.is_grid else type(study.sampler).__name__)
        _log.info("Directions: %s", self.options.directions)
        if progress.ended:
            _log.info("%d of %d trials have ended before; the sweep goes on", progress.ended, n_trials)
        startup = getattr(study.sampler, "_n_startup_trials", 0)
        if n_trials <= startup and not self.options.is_grid:
            _log.info(
                "n_trials=%d is not more than n_startup_trials=%d: the search stays random", n_trials, startup
            )

    def _work(self, queue: TrialQueue, n_trials: int) -> None:
        """Keep the workers running until no trial is left."""
        pool = self._pool()

        with ProgressDisplay(queue, n_trials, self.options.n_jobs) as display:

            def on_poll() -> None:
                display.update()
                self._reap_now_and_then(queue)
                if self._too_many_failures(queue, n_trials):
                    pool.stop()

            stopped = pool.run(lambda: queue.progress().waiting, partial(self._reap, queue), on_poll)
        if stopped is not None:
            exit_status = Exit.INTERRUPTED if stopped == signal.SIGINT else Exit.PREEMPTED
            raise Stopped("the sweep was stopped; type the same again, and it goes on", exit_status)
        if self._too_many_failures(queue, n_trials):
            raise self._failure(queue)

    def _pool(self) -> WorkerPool | ClusterWorkers:
        launcher = cluster_launcher(self.config)
        if launcher is None:
            return WorkerPool(self.options.n_jobs, self._run_worker)
        return ClusterWorkers(self.options.n_jobs, launcher, self.config, self.task_function, self.name)

    def _reap_now_and_then(self, queue: TrialQueue) -> None:
        """Find the trials of machines that went down."""
        if time.monotonic() - self._reaped > HEARTBEAT_S:
            self._reap(queue)

    def _reap(self, queue: TrialQueue, wait: bool = False) -> int:
        """Queue the trials of dead processes again; return how many have ended since the call before."""
        for number in queue.reap(wait):
            _log.info("trial %d: its process died", number)
        self._reaped, before, self._ended = time.monotonic(), self._ended, len(queue.ended())
        return self._ended - before

    def _run_worker(self, number: int, stop: StopFlag) -> None:
        """Run in a process of its own, and end it if the study cannot be read or written."""
        try:
            with naming_lost_storage(self.options.describe_storage(self.sweep_dir)):
                self._work_on_trials(number, stop)
        except RaasidError as error:
            print_error(f"error: {error}")
            sys.exit(error.exit)

    def _work_on_trials(self, number: int, stop: StopFlag) -> None:
        loader = CompositionCache(self.hydra_context.config_loader, self.space.overrides({}))
        launcher = Plugins.instance().instantiate_launcher(
            config=self.config,
            hydra_context=replace(self.hydra_context, config_loader=loader),
            task_function=CheckedTask(self.task_function),
        )
        queue = self._queue(self._open_study(number))
        logs = self.sweep_dir / "logs"
        constraints = self.options.read_constraints()
        Worker(queue, self.space, launcher, self.config, logs, self._custom, constraints).run(stop)

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
