"""`hydra/sweeper=optuna`: registers the sweeper of `raasid.sweeps` with Hydra.

Hydra imports this module at the start of every command: it imports neither Optuna nor anything that does.
"""

from __future__ import annotations

import importlib.util
import inspect
import logging
import os
import sys
from typing import Any, NoReturn

from hydra.core.config_store import ConfigStore
from hydra.errors import CompactHydraException
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

_OFFICIAL = "hydra_plugins.hydra_optuna_sweeper"
_log = logging.getLogger(__name__)

# The keys are those of Optuna and of Hydra's own plugin; null leaves Optuna its own default.
_GENETIC: dict[str, Any] = {
    "seed": None,
    "population_size": 50,
    "mutation_prob": None,
    "mutation": None,
    "crossover": None,
    "crossover_prob": 0.9,
    "swapping_prob": 0.5,
    "constraints_func": None,
}
"""Options of the genetic algorithms."""
SAMPLERS: dict[str, dict[str, Any]] = {
    "tpe": {
        "_target_": "optuna.samplers.TPESampler",
        "seed": None,
        "consider_prior": None,
        "prior_weight": None,
        "consider_magic_clip": None,
        "consider_endpoints": None,
        "n_startup_trials": 10,
        "n_ei_candidates": 24,
        "multivariate": None,
        "group": False,
        "warn_independent_sampling": None,
        "constant_liar": False,
        "constraints_func": None,
    },
    "random": {"_target_": "optuna.samplers.RandomSampler", "seed": None},
    "grid": {"_target_": "optuna.samplers.GridSampler", "seed": None},
    "cmaes": {
        "_target_": "optuna.samplers.CmaEsSampler",
        "seed": None,
        "x0": None,
        "sigma0": None,
        "n_startup_trials": 1,
        "independent_sampler": None,
        "warn_independent_sampling": True,
        "consider_pruned_trials": False,
        "restart_strategy": None,
        "popsize": None,
        "inc_popsize": -1,
        "use_separable_cma": False,
        "with_margin": False,
        "lr_adapt": False,
        "source_trials": None,
    },
    "nsgaii": {
        "_target_": "optuna.samplers.NSGAIISampler",
        **_GENETIC,
    },
    "nsgaiii": {
        "_target_": "raasid.sweeps.sweeper_options.create_nsgaiii_sampler",
        **_GENETIC,
        "reference_points": None,
        "dividing_parameter": 3,
    },
    "gp": {
        "_target_": "optuna.samplers.GPSampler",
        "seed": None,
        "independent_sampler": None,
        "n_startup_trials": 10,
        "deterministic_objective": False,
        "constraints_func": None,
        "warn_independent_sampling": True,
    },
    "qmc": {
        "_target_": "optuna.samplers.QMCSampler",
        "seed": None,
        "qmc_type": "sobol",
        "scramble": False,
        "independent_sampler": None,
        "warn_asynchronous_seeding": True,
        "warn_independent_sampling": True,
    },
    "motpe": {"_target_": f"{__name__}.raise_motpe_removed"},
}
PRUNERS: dict[str, dict[str, Any]] = {
    "none": {"_target_": "optuna.pruners.NopPruner"},
    "median": {
        "_target_": "optuna.pruners.MedianPruner",
        "n_startup_trials": 5,
        "n_warmup_steps": 0,
        "interval_steps": 1,
        "n_min_trials": 1,
    },
    "percentile": {
        "_target_": "optuna.pruners.PercentilePruner",
        "percentile": 25.0,
        "n_startup_trials": 5,
        "n_warmup_steps": 0,
        "interval_steps": 1,
        "n_min_trials": 1,
    },
    "hyperband": {
        "_target_": "optuna.pruners.HyperbandPruner",
        "min_resource": 1,
        "max_resource": "auto",
        "reduction_factor": 3,
        "bootstrap_count": 0,
    },
    "successive_halving": {
        "_target_": "optuna.pruners.SuccessiveHalvingPruner",
        "min_resource": "auto",
        "reduction_factor": 4,
        "min_early_stopping_rate": 0,
        "bootstrap_count": 0,
    },
    "threshold": {
        "_target_": "optuna.pruners.ThresholdPruner",
        "lower": None,
        "upper": None,
        "n_warmup_steps": 0,
        "interval_steps": 1,
    },
    "wilcoxon": {"_target_": "optuna.pruners.WilcoxonPruner", "p_threshold": 0.1, "n_startup_steps": 2},
    "patient": {
        "_target_": "optuna.pruners.PatientPruner",
        "wrapped_pruner": {"_target_": "optuna.pruners.MedianPruner"},
        "patience": 1,
        "min_delta": 0.0,
    },
}


def raise_motpe_removed(**_: Any) -> NoReturn:
    """Say what to use instead of the sampler that Optuna removed."""
    raise ValueError(
        "The 'motpe' sampler was removed in Optuna 4.0; use hydra/sweeper/sampler=tpe, "
        "which optimises several values too"
    )


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
        from raasid.console.terminal import print_error
        from raasid.errors import RaasidError, Stopped
        from raasid.sweeps.sweeper import Sweep
        from raasid.sweeps.sweeper_options import SweepOptions

        assert self._context is not None
        if importlib.util.find_spec(_OFFICIAL) is not None:
            _log.info("Sweeper: %s; hydra-optuna-sweeper is installed too, and does not run", __name__)
        try:
            Sweep(SweepOptions.read(self._options), *self._context).run(arguments)
        except RaasidError as error:
            if _shows_full_errors():
                raise
            raise CompactHydraException(f"error: {error}") from error
        except Stopped as stopped:
            if _shows_full_errors():
                raise
            print_error(str(stopped))
            sys.exit(stopped.exit)


def _shows_full_errors() -> bool:
    """Whether errors go to the application as they are. Otherwise Hydra shows what it knows as a message."""
    return os.environ.get("HYDRA_FULL_ERROR") == "1"


def _register() -> None:
    node = {
        "_target_": f"{__name__}.OptunaSweeper",
        "_recursive_": False,
        "direction": None,
        "storage": None,
        "study_name": None,
        "n_trials": 20,
        "n_jobs": 1,
        "max_failure_rate": 0.0,
        "params": None,
        "custom_search_space": None,
        "constraints": None,
    }
    defaults = [{"sampler": "tpe"}, {"pruner": "none"}, "_self_"]
    _store("hydra/sweeper", "optuna", {"defaults": defaults, **node})
    for group, options in (("sampler", SAMPLERS), ("pruner", PRUNERS)):
        for name, section in options.items():
            _store(f"hydra/sweeper/{group}", name, section)


def _store(group: str, name: str, node: dict[str, Any]) -> None:
    """Register a section, also where Hydra's own plugin has registered one of that name."""
    store = ConfigStore.instance().store
    replace: dict[str, Any] = {"replace": True} if "replace" in inspect.signature(store).parameters else {}
    store(group=group, name=name, node=node, provider="raasid", **replace)


_register()
