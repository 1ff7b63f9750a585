"""Functions that the plugin's tests call."""

from hydra_plugins.raasid_optuna_sweeper.optuna_sweeper import OptunaSweeper as OptunaSweeperImpl
from raasid.sweeps.search_space import create_optuna_distribution_from_override, create_params_from_overrides
from raasid.sweeps.sweeper_options import create_nsgaiii_sampler

__all__ = [
    "OptunaSweeperImpl",
    "create_nsgaiii_sampler",
    "create_optuna_distribution_from_override",
    "create_params_from_overrides",
]
