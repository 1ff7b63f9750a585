"""What a retraining makes of the configuration of its training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raasid.config.compose import compose
from raasid.pipeline.retrain import _training_config
from raasid.pipeline.verb_configs import RetrainConfig, TrainConfig
from raasid.triggers.decision_record import Decision
from raasid.triggers.schedule import default_schedule


def training(model: str, action: Any, *words: str) -> TrainConfig:
    cfg = compose("retrain", RetrainConfig, words)
    (entry,) = (entry for entry in default_schedule().entries if entry.model == model)
    decision = Decision(
        model=model, trigger="calendar", champion=None, verdict="fire", action=action, reason="It has to be."
    )
    return _training_config(cfg, decision, entry.task.name)


def test_a_training_reads_and_writes_where_the_retraining_does(tmp_path: Path) -> None:
    words = "retrain.train.ball_model=['experiment=ball','data=store','data.dataset=cup']"
    found = training("ball_model", "immediate", f"paths.root={tmp_path}", words)
    assert found.paths.registry == tmp_path / "registry"
    assert found.data.model_dump()["root"] == tmp_path / "store"
    assert found.data.model_dump()["dataset"] == "cup"


def test_without_a_training_of_their_own_new_situations_are_learnt_where_they_were_found() -> None:
    snow = ("data=store", "data.dataset=snow")
    found = training("context_model", "incremental", *snow)
    assert found.data.model_dump()["dataset"] == "snow"
    own = compose("train", TrainConfig, ["experiment=context"])
    assert (found.data.size, found.data.tracks) == (own.data.size, own.data.tracks)
    assert training("context_model", "immediate", *snow).data == own.data
    words = "retrain.train.context_model=['experiment=context']"
    assert training("context_model", "incremental", *snow, words).data == own.data
