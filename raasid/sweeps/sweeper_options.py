"""Section `hydra.sweeper`: its options, and the sampler, pruner and study that they describe."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from hydra.utils import get_method, instantiate
from omegaconf import OmegaConf
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study

from raasid.errors import UsageError
from raasid.sweeps.search_space import SearchSpace
from raasid.sweeps.study_storage import Direction, open_storage, open_study
from raasid.sweeps.worker import CustomSearchSpace

GRID = "GridSampler"


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

    @property
    def is_grid(self) -> bool:
        """Whether every combination is tried once."""
        return str((self.sampler or {}).get("_target_", "")).endswith(GRID)

    def open_study(self, name: str, space: SearchSpace, sweep_dir: Path, worker: int = 0) -> Study:
        """Open or create the study. worker: number of the process among those of the sweep."""
        directions = self.directions
        pruner = self._build_pruner()
        if len(directions) > 1 and not isinstance(pruner, NopPruner):
            raise UsageError(
                "hydra.sweeper.pruner: several values cannot be pruned by; choose hydra/sweeper/pruner=none"
            )
        storage = open_storage(to_plain(self.storage), sweep_dir)
        study = open_study(storage, name, directions, space, pruner=pruner)
        study.sampler = self._build_sampler(worker, len(study.get_trials(deepcopy=False)))
        return study

    def find_custom_search_space(self) -> CustomSearchSpace | None:
        """Import the function of `custom_search_space`."""
        hook = self.custom_search_space
        if hook is None:
            return None
        try:
            found: CustomSearchSpace = get_method(hook)
        except Exception as error:  # whatever the import of a user's module raises
            cause = str(error).splitlines()[0]
            raise UsageError(f"hydra.sweeper.custom_search_space: {hook}: {cause}") from error
        return found

    def _build_sampler(self, worker: int, trials: int) -> BaseSampler:
        """Build the sampler; workers, and a sweep that goes on, draw other numbers from the same seed."""
        if self.is_grid:
            return RandomSampler(seed=0)  # every trial brings its parameters
        section = to_plain(self.sampler)
        if section.get("seed") is not None and (worker or trials > self.n_trials):
            section["seed"] = (int(section["seed"]) + 7919 * worker + 104729 * trials) % 2**32
        sampler: BaseSampler = _instantiate(section, "sampler")
        return sampler

    def _build_pruner(self) -> BasePruner:
        return NopPruner() if self.pruner is None else _instantiate(to_plain(self.pruner), "pruner")


def to_plain(section: Any) -> Any:
    """Return a section of a configuration as plain Python objects, resolved."""
    return OmegaConf.to_container(section, resolve=True) if OmegaConf.is_config(section) else section


def _instantiate(section: Mapping[str, Any], what: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        try:
            return instantiate(section)
        except Exception as error:  # a class that is not there, or that refuses its arguments
            cause = error.__cause__ or error
            raise UsageError(f"hydra.sweeper.{what}: {str(cause).splitlines()[0]}") from error
