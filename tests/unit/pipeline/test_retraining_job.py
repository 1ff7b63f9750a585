"""What a retraining makes of the configuration of its training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raasid.config.compose import compose
from raasid.pipeline.check import CheckedModel
from raasid.pipeline.retrain import _training_config
from raasid.pipeline.retraining_job import _count_devices, find_finished_training
from raasid.pipeline.verb_configs import RetrainConfig
from raasid.registry.names import Version
from raasid.training.config import TrainerConfig
from raasid.training.run_record import own_run
from raasid.triggers.journal import Journal
from raasid.triggers.schedule import default_schedule


def test_a_training_reads_and_writes_where_the_retraining_does(tmp_path: Path) -> None:
    words = "retrain.train.ball_model=['experiment=ball','data=store','data.dataset=cup']"
    cfg = compose("retrain", RetrainConfig, [f"paths.root={tmp_path}", words])
    (ball,) = (entry for entry in default_schedule().entries if entry.model == "ball_model")
    training = _training_config(cfg, CheckedModel(ball, None, []))
    assert training.paths == cfg.paths
    assert training.data.model_dump()["root"] == tmp_path / "store"
    assert training.data.model_dump()["dataset"] == "cup"


@pytest.mark.parametrize(
    ("devices", "gpus", "num_nodes", "expected"),
    [
        ("auto", 0, 1, 1), ("auto", 4, 1, 4), (-1, 4, 2, 8), ("-1", 2, 1, 2),
        (2, 8, 1, 2), ([0, 3], 8, 1, 2), ("0,3,5", 8, 1, 3), ("2", 8, 1, 2),
    ],
)  # fmt: skip
def test_hours_count_for_every_device(
    devices: Any, gpus: int, num_nodes: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    assert _count_devices(TrainerConfig(devices=devices, num_nodes=num_nodes)) == expected
    assert _count_devices(TrainerConfig(devices="auto", accelerator="cpu")) == 1


@pytest.mark.parametrize("where", ["here", "elsewhere", "nowhere"])
def test_a_training_that_was_finished_is_found_wherever_it_was_started(where: str, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "retraining", tmp_path / "logs" / "train"
    run = {"here": folder / "train", "elsewhere": elsewhere, "nowhere": tmp_path / "other"}[where]
    Journal(folder).note("train", str(elsewhere))
    assert find_finished_training(folder) is None
    run.mkdir(parents=True)
    with own_run(run, {}, None) as owned:
        assert find_finished_training(folder) is None
        owned.finish("ball_model v20261130.2")
    expected = None if where == "nowhere" else (run, Version.parse("v20261130.2"))
    assert find_finished_training(folder) == expected
