"""Weights in and out of files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from raasid.errors import CheckpointUnusable
from raasid.models.checkpoints import load_checkpoint_weights, load_matching_weights, load_trained_model


def net(head: int = 2) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.Linear(8, head))


def saved(model: nn.Module, path: Path) -> Path:
    torch.save({"state_dict": model.state_dict()}, path)
    return path


def test_initial_weights_are_loaded_where_they_fit_and_the_rest_is_named(tmp_path: Path) -> None:
    source, target = net(head=3), net(head=2)
    left = load_matching_weights(target, saved(source, tmp_path / "a.ckpt"))
    assert torch.equal(target[0].weight, source[0].weight)
    assert left == ["1.bias", "1.weight"]


def test_starting_from_another_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnusable, match=r"fits 0 of the model's"):
        load_matching_weights(net(), saved(nn.Linear(3, 3), tmp_path / "a.ckpt"))


def test_loading_is_all_or_nothing(tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnusable, match="another model"):
        load_checkpoint_weights(net(head=2), saved(net(head=3), tmp_path / "a.ckpt"))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(CheckpointUnusable, match=r"nowhere\.ckpt: no such checkpoint"):
        load_checkpoint_weights(net(), Path("nowhere.ckpt"))


def test_a_checkpoint_of_another_version_of_the_program_is_refused_with_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "old.ckpt"
    model = {"_target_": "raasid.models.ball.heatmap.BallHeatmap", "width_of_old": 8}
    torch.save({"state_dict": {}, "config": {"model": model}}, path)
    with pytest.raises(CheckpointUnusable, match=r"another version.*width_of_old no such key"):
        load_trained_model(path)
