"""What a retraining makes of the configuration of its training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from raasid.config.compose import compose
from raasid.pipeline.retrain import _training_config, _words
from raasid.pipeline.verb_configs import RetrainConfig, TrainConfig
from raasid.triggers.decision_record import Decision
from raasid.triggers.schedule import default_schedule


def training(model: str, action: Any, *words: str, searched: Sequence[str] = ()) -> TrainConfig:
    cfg = compose("retrain", RetrainConfig, words)
    (entry,) = (entry for entry in default_schedule().entries if entry.model == model)
    decision = Decision(
        model=model, trigger="calendar", champion=None, verdict="fire", action=action, reason="It has to be."
    )
    return _training_config(cfg, decision, [*_words(cfg, model, entry.task.name), *searched])


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


def test_what_a_tuning_searches_reaches_the_data_that_new_situations_are_learnt_from() -> None:
    searched = ("data.batch_size=7", "data.augment.zoom=0.2", "optimizer.lr=0.005")
    found = training("ball_model", "incremental", "data=store", "data.dataset=snow", searched=searched)
    assert found.data.model_dump()["dataset"] == "snow"
    assert (found.data.batch_size, found.data.augment.zoom, found.optimizer.lr) == (7, 0.2, 0.005)
