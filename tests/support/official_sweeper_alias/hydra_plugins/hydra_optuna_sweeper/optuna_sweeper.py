"""The class that Hydra discovers."""

from hydra_plugins.raasid_optuna_sweeper.optuna_sweeper import OptunaSweeper

__all__ = ["OptunaSweeper"]
