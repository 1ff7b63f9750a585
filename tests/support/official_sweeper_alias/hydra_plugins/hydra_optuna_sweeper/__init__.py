"""RAASID's sweeper under the module names of Hydra's own Optuna plugin, for the test files of that plugin."""
