"""Hyperparameter search: a Hydra sweeper on Optuna that continues, prunes and keeps its workers busy."""
