"""Train a model (an @hydra.main app): `python train.py experiment=ball data.batch_size=64 seed=1`."""

from raasid.cli import app

app("train")
