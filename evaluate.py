"""Measure a checkpoint (an @hydra.main app): `python evaluate.py ckpt_path=RUN/checkpoints/best.ckpt`."""

from raasid.cli import app

app("evaluate")
