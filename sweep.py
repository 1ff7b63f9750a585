"""Search hyperparameters (an @hydra.main app): `python sweep.py hparams_search=ball`."""

from raasid.cli import app

app("sweep")
