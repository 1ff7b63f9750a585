"""Section `hydra.sweeper`: its options, and the sampler, pruner and study that they describe."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import optuna
from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study

from raasid.config.build import find_target
from raasid.config.suggestions import did_you_mean
from raasid.errors import UsageError
from raasid.sweeps.constraints import Constraint, read_constraints
from raasid.sweeps.search_space import SearchSpace
from raasid.sweeps.study_storage import JOURNAL, Direction, describe_storage, open_storage, open_study
from raasid.sweeps.worker import CustomSearchSpace

GRID = "GridSampler"


@dataclass
class SweepOptions:
    """Section `hydra.sweeper`."""

    sampler: Any
    direction: Any = None
    """minimize or maximize; a list for several values; null: see `with_direction_of`."""
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
    constraints: Mapping[str, str] | None = None
    """What a trial has to keep besides a good value: metric -> "<= number" or ">= number"."""

    def __post_init__(self) -> None:
        for name in ("n_trials", "n_jobs"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise UsageError(f"hydra.sweeper.{name}: must be a whole number from 1, but is '{value}'")
        rate: Any = self.max_failure_rate
        if not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise UsageError(f"hydra.sweeper.max_failure_rate: must be from 0 to 1, but is '{rate}'")

    @classmethod
    def read(cls, section: Mapping[str, Any]) -> SweepOptions:
        """Return the options of a section. Raises UsageError: no such key, or a wrong value."""
        known = [each.name for each in fields(cls)]
        for name in section:
            if name not in known:
                raise UsageError(f"hydra.sweeper.{name}: no such key{did_you_mean(name, known)}")
        return cls(**section)

    def with_direction_of(self, config: DictConfig) -> SweepOptions:
        """Return these options with a direction, if none is given.

        It is the one in which an application chooses its best checkpoint by the metric that it optimises, so
        that a sweep does not look for the worst; otherwise minimize.
        """
        if self.direction is not None:
            return self
        keys = ("optimized_metric", "callbacks.model_checkpoint.monitor", "callbacks.model_checkpoint.mode")
        found = [OmegaConf.select(config, key, throw_on_resolution_failure=False) for key in keys]
        highest = found[0] is not None and found[0] == found[1] and found[2] == "max"
        return replace(self, direction="maximize" if highest else "minimize")

    def check(self) -> None:
        """Raise UsageError if sampler, pruner or direction cannot be used, before anything is created."""
        pruner = self._build_pruner()
        if len(self.directions) > 1 and not isinstance(pruner, NopPruner):
            raise UsageError(
                "hydra.sweeper.pruner: several values cannot be pruned by; choose hydra/sweeper/pruner=none"
            )
        self._build_sampler(0, 0)
        self.read_constraints()

    @property
    def directions(self) -> list[Direction]:
        """One direction for each value."""
        direction = self.direction or "minimize"
        given: list[Any] = [direction] if isinstance(direction, str) else list(direction)
        for direction in given:
            if direction not in get_args(Direction):
                raise UsageError(f"hydra.sweeper.direction: minimize or maximize, but is '{direction}'")
        return given

    @property
    def is_grid(self) -> bool:
        """Whether every combination is tried once."""
        return str((self.sampler or {}).get("_target_", "")).endswith(GRID)

    def open_study(self, name: str, space: SearchSpace, sweep_dir: Path, worker: int = 0) -> Study:
        """Open or create the study. worker: number of the process among those of the sweep."""
        storage = to_plain(self.storage)
        storage = (
            _build(storage, "storage") if isinstance(storage, Mapping) else open_storage(storage, sweep_dir)
        )
        conditions = {f"constraint {each.metric}": str(each) for each in self.read_constraints()}
        if self.custom_search_space is not None:
            conditions["custom_search_space"] = self.custom_search_space
        study = open_study(storage, name, self.directions, space, conditions, pruner=self._build_pruner())
        ended = sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))
        study.sampler = self._build_sampler(worker, ended)
        return study

    def describe_storage(self, sweep_dir: Path) -> str:
        """Return where the study is, without the password of a database."""
        storage = to_plain(self.storage)
        if isinstance(storage, Mapping):
            return str(storage.get("_target_"))
        return str(sweep_dir / JOURNAL) if storage is None else describe_storage(storage)

    def read_constraints(self) -> tuple[Constraint, ...]:
        """Return the constraints. Raises UsageError."""
        return read_constraints(to_plain(self.constraints))

    def find_custom_search_space(self) -> CustomSearchSpace | None:
        """Import the function of `custom_search_space`."""
        hook = self.custom_search_space
        if hook is None:
            return None
        try:
            found: CustomSearchSpace = get_method(hook)
        except Exception as error:  # whatever the import of a user's module raises
            cause = str(error).replace("\n", " ")
            raise UsageError(f"hydra.sweeper.custom_search_space: {hook}: {cause}") from error
        return found

    @property
    def grid_seed(self) -> int | None:
        """Seed of the order in which a grid is tried; None: the order of the keys."""
        seed = (self.sampler or {}).get("seed")
        return None if seed is None else int(seed)

    def _build_sampler(self, worker: int, ended: int) -> BaseSampler:
        """Build the sampler; workers, and a sweep that goes on, draw other numbers from the same seed.

        ended: trials with an outcome.
        """
        if self.is_grid:  # every trial brings its parameters; those of custom_search_space are drawn
            return RandomSampler(seed=_seed(self.grid_seed or 0, worker, ended))
        section = to_plain(self.sampler)
        if section.get("seed") is not None:
            section["seed"] = _seed(int(section["seed"]), worker, ended)
        sampler: BaseSampler = _build(section, "sampler")
        return sampler

    def _build_pruner(self) -> BasePruner:
        return NopPruner() if self.pruner is None else _build(to_plain(self.pruner), "pruner")


def _seed(seed: int, worker: int, ended: int) -> int:
    """Return another seed for each worker and for each time that a sweep goes on; the given one at first."""
    return (seed + 7919 * worker + 104729 * ended) % 2**32


def create_nsgaiii_sampler(reference_points: Any = None, **options: Any) -> BaseSampler:
    """Return Optuna's NSGA-III sampler. reference_points: a list of points, one number for each value."""
    if reference_points is not None:
        options["reference_points"] = np.asarray(reference_points, dtype=float)
    return optuna.samplers.NSGAIIISampler(**{k: v for k, v in options.items() if v is not None})


def to_plain(section: Any) -> Any:
    """Return a section of a configuration as plain Python objects, resolved."""
    return OmegaConf.to_container(section, resolve=True) if OmegaConf.is_config(section) else section


def _build(section: Mapping[str, Any], what: str) -> Any:
    """Build what `_target_` names. what: the key below `hydra.sweeper`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return _build_tree(section)
        except Exception as error:  # a class that is not there, or that refuses its arguments
            raise UsageError(f"hydra.sweeper.{what}: {str(error).splitlines()[0]}") from error


def _build_tree(section: Any) -> Any:
    """Build the sections that name a `_target_`, inner ones first; null leaves a class its own default.

    Hydra's `instantiate` would do, if its versions agreed on how a caller allows a target.
    """
    if not isinstance(section, Mapping) or "_target_" not in section:
        return section
    options = {key: _build_tree(value) for key, value in section.items() if not key.startswith("_")}
    given = {key: value for key, value in options.items() if value is not None}
    if isinstance(given.get("constraints_func"), str):
        given["constraints_func"] = find_target(given["constraints_func"])
    target = find_target(str(section["_target_"]))
    return functools.partial(target, **given) if section.get("_partial_") else target(**given)
