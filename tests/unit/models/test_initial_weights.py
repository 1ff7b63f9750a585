"""A training may begin with the weights of a checkpoint, or with those of a registered version."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from raasid.errors import CheckpointUnusable
from raasid.models.checkpoints import load_matching_weights


def net(value: float) -> nn.Module:
    made = nn.Linear(3, 2)
    nn.init.constant_(made.weight, value)
    nn.init.constant_(made.bias, value)
    return made


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_both_kinds_of_files_give_the_weights(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"weights{suffix}"
    state = net(0.5).state_dict()
    if suffix == ".ckpt":
        torch.save({"state_dict": state}, path)
    else:
        save_file(state, path)
    model = net(0.0)
    assert load_matching_weights(model, path) == []
    assert torch.equal(model.state_dict()["weight"], state["weight"])


@pytest.mark.parametrize("content", [None, b"", b"no tensors"])
def test_a_file_that_holds_no_tensors_is_refused_by_name(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointUnusable, match=r"model\.safetensors"):
        load_matching_weights(net(0.0), path)
