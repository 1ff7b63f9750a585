"""`best.yaml`: chosen as an experiment, it composes what the overrides of the trial composed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from raasid.config import conf_dir
from raasid.config.compose import ConfigComposer
from raasid.sweeps.results import experiment

WATCHED = ("hydra", "paths", "logger", "tags")


def as_best(overrides: list[str]) -> str:
    """The experiment of a trial with these overrides."""
    with ConfigComposer(conf_dir(), "sweep") as composer:
        sweep = composer.compose(["hydra.sweeper.study_name=s"])
        return experiment(overrides, sweep, GlobalHydra.instance().config_loader())


def composed(overrides: list[str], folder: Path | None = None) -> dict[str, Any]:
    """What `train.py` composes, without how it is watched and where it is stored."""
    searched = [] if folder is None else [f"file://{folder}"]
    with ConfigComposer(conf_dir(), "train", searched) as composer:
        tree: Any = OmegaConf.to_container(composer.compose(overrides), resolve=False)
    return {key: value for key, value in tree.items() if key not in WATCHED}


@pytest.mark.parametrize(
    "overrides",
    [
        ["hparams_search=ball", "experiment=ball", "optimizer.lr=0.003", "data.augment.zoom=0.2"],
        ["hparams_search=guide_grid", "experiment=context", "optimizer=sgd", "optimizer.lr=0.001"],
        ["hparams_search=pose", "experiment=pose", "scheduler=cosine", "seed=3", "trainer=cpu"],
        ["+optimizer.betas=[0.8,0.99]", "+trainer.profiler=simple", "data=synthetic_tiny"],
        ["callbacks=early_stopping", "callbacks.early_stopping.patience=2", "~callbacks.ema"],
        ["experiment=ball", "trigger=performance", "deploy=local", "test=false"],
    ],
)
def test_the_best_as_an_experiment_composes_what_its_trial_was_trained_with(
    overrides: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "experiment" / "best.yaml"
    file.parent.mkdir()
    file.write_text("# @package _global_\n" + as_best(overrides))
    found, expected = composed(["experiment=best"], tmp_path), composed(overrides)
    for key in [word[1:].split(".") for word in overrides if word.startswith("~")]:
        assert found[key[0]].pop(key[1]) is None, "a deleted key of an experiment is null"
    assert found == expected


def test_how_a_sweep_was_debugged_watched_and_stored_is_no_part_of_the_best() -> None:
    words = ["debug=limit", "logger=wandb", "paths.root=/somewhere", "tags=[night]", "optimizer.lr=0.003"]
    assert yaml.safe_load(as_best(words)) == {"optimizer": {"lr": 0.003}}
