"""What a retraining makes of the configuration of its training."""

from __future__ import annotations

from pathlib import Path

from raasid.config.compose import compose
from raasid.pipeline.check import CheckedModel
from raasid.pipeline.retrain import _training_config
from raasid.pipeline.verb_configs import RetrainConfig
from raasid.triggers.schedule import default_schedule


def test_a_training_reads_and_writes_where_the_retraining_does(tmp_path: Path) -> None:
    words = "retrain.train.ball_model=['experiment=ball','data=store','data.dataset=cup']"
    cfg = compose("retrain", RetrainConfig, [f"paths.root={tmp_path}", words])
    (ball,) = (entry for entry in default_schedule().entries if entry.model == "ball_model")
    training = _training_config(cfg, CheckedModel(ball, None, []))
    assert training.paths == cfg.paths
    assert training.data.model_dump()["root"] == tmp_path / "store"
    assert training.data.model_dump()["dataset"] == "cup"
