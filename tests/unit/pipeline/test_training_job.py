"""The configuration with which a job trains what a retraining would train itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from raasid.config.compose import ConfigComposer, compose
from raasid.config.validation import validate
from raasid.pipeline.training_job import root_config
from raasid.pipeline.verb_configs import TrainConfig


def read_back(text: str, folder: Path, *overrides: str) -> TrainConfig:
    """Compose a root configuration of one's own as `raasid train --config-path` does."""
    (folder / "train.yaml").write_text(text)
    with ConfigComposer(folder, "train") as composer:
        return validate(TrainConfig, composer.compose(overrides))


@pytest.mark.parametrize("experiment", ["ball", "pose", "context"])
def test_a_job_trains_with_the_same_configuration(experiment: str, tmp_path: Path) -> None:
    words = [f"experiment={experiment}", "optimizer.lr=1e-5", "trigger=all", "deploy=local", "logger=wandb"]
    cfg = compose("train", TrainConfig, words)
    found = read_back(root_config(cfg, "a decision", 1), tmp_path)
    assert (found.trigger, found.deploy, found.reason) == (None, None, "a decision")
    assert found == cfg.model_copy(update={"trigger": None, "deploy": None, "reason": "a decision"})


def test_a_text_that_looks_like_an_interpolation_stays_as_it_is(tmp_path: Path) -> None:
    texts = ["${seed}", r"\${seed}", r"a\\${oc.env:HOME} b", "100 %", r"\d"]
    cfg = compose("train", TrainConfig).model_copy(update={"tags": texts})
    assert read_back(root_config(cfg, texts[0], 1), tmp_path).tags == texts


def test_a_job_on_several_nodes_trains_on_all_of_them(tmp_path: Path) -> None:
    cfg = compose("train", TrainConfig, ["trainer=ddp_nodes"])
    last = "ckpt_path=null"  # a job that was preempted adds its last checkpoint
    assert read_back(root_config(cfg, "", 3), tmp_path, last).trainer.num_nodes == 3
