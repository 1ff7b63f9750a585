"""The tuning step of a retraining: a sweep on the retraining's own data, of which the best trial is kept.

    <retraining>/sweep/<study>/    study.journal, sweep.html, the run directory of each trial

Trials run in the process of the retraining, one after another, because they share its devices and its
budget. A retraining that was killed goes on with the same study.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig
from optuna.study import Study
from optuna.trial import TrialState

from raasid.config import conf_dir
from raasid.config.compose import ConfigComposer
from raasid.config.preflight import study_name
from raasid.config.run_dir import quote_path
from raasid.config.suggestions import did_you_mean
from raasid.console.terminal import out
from raasid.errors import RaasidError, Stopped, UsageError
from raasid.pipeline.verb_configs import RetrainConfig, TrainConfig
from raasid.sweeps.best_trial import BestTrial, best_trial_of
from raasid.sweeps.results import write_results
from raasid.sweeps.search_space import SearchSpace, grid_values, read_search_space
from raasid.sweeps.sweep_page import write_page
from raasid.sweeps.sweeper_options import SweepOptions, to_plain
from raasid.sweeps.trial_queue import LOG, REASON, Progress, TrialQueue
from raasid.sweeps.worker import Worker
from raasid.tasks import TASKS, TaskName

Compose = Callable[[Sequence[str]], TrainConfig]
"""Returns the configuration of a training as `raasid train OVERRIDES` would have it."""
Train = Callable[[TrainConfig, Path], float | None]


class TuningFailed(RaasidError):
    """A sweep in which no trial came to a value, or more failed than are allowed."""

    def __init__(self, study: Study, progress: Progress) -> None:
        failed = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
        why = f"; trial {failed[-1].number}: {failed[-1].user_attrs.get(REASON)}" if failed else ""
        log = f"\nits output: {failed[-1].user_attrs.get(LOG)}" if failed else ""
        super().__init__(
            f"retrain.sweep: of the trials of {study.study_name} {progress.complete} are complete, "
            f"{progress.pruned} pruned and {progress.failed} failed{why}{log}"
        )


class Tuned(NamedTuple):
    """What a tuning found."""

    best: BestTrial
    run_dir: Path
    overrides: tuple[str, ...]
    """Of the best trial, as of `raasid train`."""


@dataclass(frozen=True)
class Tuning:
    """A preset of `hparams_search`, and what it is searched on."""

    preset: str
    words: Sequence[str]
    """Overrides of the training, which are the same in every trial."""
    compose: Compose
    max_hours: float | None = None
    """GPU hours of the whole retraining, after which no further trial begins; None: all trials run."""

    def check(self) -> None:
        """Raise UsageError if the preset does not exist, or does not fit the training."""
        with self._open(Path()) as (config, _, space):
            params = {key: _any_value(key, space) for key in space.distributions}
            if len(_options(config).directions) != 1:
                raise UsageError(
                    f"retrain.sweep: {self.preset} optimises several values, and a gate needs one"
                )
        self.compose(space.overrides(params))

    def run(self, folder: Path, train: Train, hours: Callable[[], float]) -> Tuned:
        """Run the trials that the study lacks; return the best.

        folder: of the sweep's directory. train: runs the training of a trial in its directory.
        hours: GPU hours of the retraining so far. Raises TuningFailed, Stopped.
        """
        with self._open(folder) as (config, loader, space):
            options, sweep_dir = _options(config), Path(config.hydra.sweep.dir)
            study = options.open_study(sweep_dir.name, space, sweep_dir)
            grid = space.grid(options.grid_seed) if options.is_grid else []
            queue = TrialQueue(study, sweep_dir / "leases")
            n_trials = queue.plan(min(options.n_trials, len(grid)) if grid else options.n_trials, grid)
            queue.reap()
            allowed = options.max_failure_rate * n_trials
            budget = _Budget(queue, hours, self.max_hours, allowed)
            launcher = _InThisProcess(self.compose, train, sweep_dir, queue)
            out().print(f"study {study.study_name}: {n_trials} trials below {sweep_dir}", markup=False)
            custom, constraints = options.find_custom_search_space(), options.read_constraints()
            try:
                Worker(queue, space, launcher, config, sweep_dir / "logs", custom, constraints).run(budget)
            finally:
                write_results(study, space, sweep_dir, config, loader)
                write_page(study, queue.progress(), sweep_dir)
        progress, where = queue.progress(), options.describe_storage(sweep_dir.absolute())
        best = best_trial_of(study, progress, where)
        if best is None or progress.failed > allowed:
            raise TuningFailed(study, progress)
        if progress.waiting:
            used_up = "the hours that were left of retrain.limits.max_gpu_hours are used up"
            out().print(f"{progress.ended} of {n_trials} trials ended: {used_up}", markup=False)
        return Tuned(best, sweep_dir / str(best.number), space.overrides(best.params))

    @contextmanager
    def _open(self, folder: Path) -> Iterator[tuple[DictConfig, ConfigLoader, SearchSpace]]:
        """Compose the sweep; yield its configuration, Hydra's loader, and what is searched."""
        words = [*self.words, f"hparams_search={self.preset}"]
        with ConfigComposer(conf_dir(), "sweep") as composer:
            known = composer.options("hparams_search")
            if self.preset not in known:
                hint = f"{did_you_mean(self.preset, known)} (there are: {', '.join(known)})"
                raise UsageError(f"retrain.sweep: no such preset: '{self.preset}'{hint}")
            name = study_name(composer.compose([*words, "hydra.sweeper.study_name=null"]), words)
            sweep_dir = quote_path(folder / str(name))
            config = composer.compose(
                [*words, f"hydra.sweep.dir={sweep_dir}", f"hydra.sweeper.study_name={name}"]
            )
            loader = GlobalHydra.instance().config_loader()
            parser = OverridesParser.create(config_loader=loader)
            space = read_search_space(to_plain(config.hydra.sweeper.params), words, parser)
            yield config, loader, space


def presets_of(cfg: RetrainConfig) -> dict[str, str]:
    """Return the preset of each model that is tuned. Raises UsageError for a preset of another task."""
    given = cfg.retrain.sweep
    names = {task.registry_name: name for name, task in TASKS.items()}
    if isinstance(given, str):
        given = dict.fromkeys(names if cfg.models is None else cfg.models, given)
    found = {model: preset for model, preset in (given or {}).items() if preset is not None}
    for model, preset in found.items():
        if model not in names:
            raise UsageError(f"retrain.sweep: no such model: {model!r}{did_you_mean(model, names)}")
        if preset in TASKS and preset != names[model]:
            raise UsageError(
                f"retrain.sweep: the preset '{preset}' is for the {TASKS[_task(preset)].registry_name}, and "
                f"{model} is to be retrained; retrain one with models=[…], or give each its own, "
                f"retrain.sweep={{{model}: {names[model]}}}"
            )
    return found


def _task(name: str) -> TaskName:
    return next(each for each in TASKS if each == name)


def _options(config: DictConfig) -> SweepOptions:
    section: dict[str, Any] = to_plain(config.hydra.sweeper)
    given = {key: value for key, value in section.items() if not key.startswith("_")}
    return SweepOptions.read(given).with_direction_of(config)


def _any_value(key: str, space: SearchSpace) -> Any:
    distribution = space.distributions[key]
    return distribution.low if hasattr(distribution, "low") else grid_values(key, distribution)[0]


@dataclass(frozen=True)
class _Budget:
    """Says when no further trial may begin; one trial has to be complete in any case."""

    queue: TrialQueue
    hours: Callable[[], float]
    max_hours: float | None
    max_failed: float

    def is_set(self) -> bool:
        progress = self.queue.progress()
        if progress.failed > self.max_failed:
            return True
        return progress.complete > 0 and self.max_hours is not None and self.hours() >= self.max_hours


class _InThisProcess(Launcher):
    """Trains each trial where the retraining runs, as Hydra's launchers run jobs."""

    def __init__(self, compose: Compose, train: Train, sweep_dir: Path, queue: TrialQueue) -> None:
        self._compose, self._train, self._sweep_dir, self._queue = compose, train, sweep_dir, queue

    def setup(self, **_: Any) -> None:
        """Nothing is needed."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Train one trial; a signal puts it back, so that it goes on from its checkpoint."""
        (overrides,) = job_overrides
        run_dir = self._sweep_dir / str(initial_job_idx)
        run_dir.mkdir(parents=True, exist_ok=True)
        try:
            value = self._train(self._compose(overrides), run_dir)
        except Stopped:
            self._queue.put_back(initial_job_idx)
            raise
        job = JobReturn(status=JobStatus.COMPLETED)
        job.return_value = value
        return [job]
