"""What a retraining makes of the configuration of its training."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from raasid.config.compose import compose
from raasid.pipeline.check import CheckedModel
from raasid.pipeline.retrain import _training_config
from raasid.pipeline.retraining_job import RetrainingJob
from raasid.pipeline.verb_configs import RetrainConfig, TrainConfig
from raasid.triggers.decision_record import Decision
from raasid.triggers.schedule import default_schedule

UNUSED = cast("Any", None)


def job(task: str, **fields: Any) -> RetrainingJob:
    entry = next(entry for entry in default_schedule().entries if entry.task.name == task)
    decision = Decision(
        model=entry.model, champion="v20261123.1", verdict="fire", reason="It has to be.", **fields
    )
    training = compose("train", TrainConfig, [f"experiment={task}"])
    checked = CheckedModel(entry, None, [decision])
    return RetrainingJob(UNUSED, training, checked, decision, UNUSED, Path("folder"), None)


@pytest.mark.parametrize(
    ("task", "expected"), [("context", "ifab_2021_22"), ("ball", "ifab_2025_26"), ("pose", "ifab_2025_26")]
)
def test_a_change_of_the_laws_trains_the_context_model_for_the_edition_in_force(
    task: str, expected: str
) -> None:
    changed = job(task, trigger="rule_change", action="full", edition="ifab_2021_22")
    assert changed.training.data.tracks.edition == expected


def test_another_retraining_keeps_the_edition_of_its_configuration() -> None:
    kept = job("context", trigger="performance", action="immediate", edition="ifab_2021_22")
    assert kept.training.data.tracks.edition == "ifab_2025_26"


def test_a_training_reads_and_writes_where_the_retraining_does(tmp_path: Path) -> None:
    words = "retrain.train.ball_model=['experiment=ball','data=store','data.dataset=cup']"
    cfg = compose("retrain", RetrainConfig, [f"paths.root={tmp_path}", words])
    (ball,) = (entry for entry in default_schedule().entries if entry.model == "ball_model")
    training = _training_config(cfg, CheckedModel(ball, None, []))
    assert training.paths == cfg.paths
    assert training.data.model_dump()["root"] == tmp_path / "store"
    assert training.data.model_dump()["dataset"] == "cup"
