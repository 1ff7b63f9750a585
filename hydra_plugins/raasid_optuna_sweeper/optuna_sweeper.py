"""`hydra/sweeper=optuna`: registers the sweeper of `raasid.sweeps` with Hydra.

Hydra imports this module at the start of every command: it imports neither Optuna nor anything that does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

_SAMPLERS: dict[str, dict[str, Any]] = {
    "tpe": {"_target_": "optuna.samplers.TPESampler", "seed": None, "n_startup_trials": 10},
    "random": {"_target_": "optuna.samplers.RandomSampler", "seed": None},
    "grid": {"_target_": "optuna.samplers.GridSampler"},
    "cmaes": {"_target_": "optuna.samplers.CmaEsSampler", "seed": None},
    "nsgaii": {"_target_": "optuna.samplers.NSGAIISampler", "seed": None, "population_size": 50},
    "gp": {"_target_": "optuna.samplers.GPSampler", "seed": None},
    "qmc": {"_target_": "optuna.samplers.QMCSampler", "seed": None, "warn_independent_sampling": False},
}
_PRUNERS: dict[str, dict[str, Any]] = {
    "none": {"_target_": "optuna.pruners.NopPruner"},
    "median": {"_target_": "optuna.pruners.MedianPruner", "n_startup_trials": 5, "n_warmup_steps": 0},
    "percentile": {"_target_": "optuna.pruners.PercentilePruner", "percentile": 25.0},
    "hyperband": {"_target_": "optuna.pruners.HyperbandPruner"},
    "successive_halving": {"_target_": "optuna.pruners.SuccessiveHalvingPruner"},
    "threshold": {"_target_": "optuna.pruners.ThresholdPruner", "lower": None, "upper": None},
    "wilcoxon": {"_target_": "optuna.pruners.WilcoxonPruner"},
    "patient": {
        "_target_": "optuna.pruners.PatientPruner",
        "wrapped_pruner": {"_target_": "optuna.pruners.MedianPruner"},
        "patience": 1,
    },
}


class OptunaSweeper(Sweeper):
    """See `raasid.sweeps.sweeper_options.SweepOptions` for the options."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._context: tuple[DictConfig, HydraContext, TaskFunction] | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what the sweep needs."""
        self._context = config, hydra_context, task_function

    def sweep(self, arguments: list[str]) -> None:
        """Run the sweep. arguments: overrides, of which those with several values are searched."""
        from raasid.sweeps.sweeper import Sweep
        from raasid.sweeps.sweeper_options import SweepOptions

        assert self._context is not None
        Sweep(SweepOptions(**self._options), *self._context).run(arguments)


def _register() -> None:
    store = ConfigStore.instance()
    node: Mapping[str, Any] = {
        "_target_": f"{__name__}.OptunaSweeper",
        "_recursive_": False,
        "direction": "minimize",
        "storage": None,
        "study_name": None,
        "n_trials": 20,
        "n_jobs": 1,
        "max_failure_rate": 0.0,
        "params": None,
        "custom_search_space": None,
    }
    defaults = [{"sampler": "tpe"}, {"pruner": "none"}, "_self_"]
    store.store(group="hydra/sweeper", name="optuna", node={"defaults": defaults, **node})
    for group, options in (("sampler", _SAMPLERS), ("pruner", _PRUNERS)):
        for name, section in options.items():
            store.store(group=f"hydra/sweeper/{group}", name=name, node=section)


_register()
