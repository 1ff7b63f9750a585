"""Tensors of any module are written to a file and restored unchanged."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from raasid.packaging.tensors import dump_weights, load_weights
from raasid.registry.errors import PackageRefused


class AwkwardTensors(nn.Module):
    """One tensor of every kind that is awkward to store."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.first = nn.Linear(4, 4)
        self.tied = self.first
        self.view = nn.Parameter(self.first.weight.data[1:3, :2])
        self.transposed = nn.Parameter(torch.rand(3, 5).t())
        self.spread = nn.Parameter(torch.rand(1, 4).expand(3, 4).contiguous())
        self.conv = nn.Conv2d(3, 8, 3).to(memory_format=torch.channels_last)
        self.brief = nn.Parameter(torch.rand(3).to(torch.bfloat16))
        self.register_buffer("scalar", torch.tensor(seed))
        self.register_buffer("flags", torch.rand(5) > 0.5)
        self.register_buffer("none", torch.zeros(0, 3))
        self.register_buffer("apart", torch.rand(6)[::2])
        self.register_buffer("transient", torch.rand(2), persistent=False)


def test_shared_strided_empty_and_scalar_tensors_are_restored() -> None:
    source, target = AwkwardTensors(1), AwkwardTensors(2)
    strides = {name: value.stride() for name, value in target.state_dict().items()}
    load_weights(target, dump_weights(source))
    for name, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], value), name
    assert target.tied is target.first
    assert {name: value.stride() for name, value in target.state_dict().items()} == strides


def test_the_same_weights_give_the_same_bytes_in_any_memory_layout() -> None:
    model = AwkwardTensors(1)
    before = dump_weights(model)
    model.conv.to(memory_format=torch.contiguous_format)
    assert dump_weights(model) == before
    with torch.no_grad():
        model.first.bias.add_(1)
    assert dump_weights(model) != before


def test_a_module_without_weights_is_a_file_without_tensors() -> None:
    load_weights(nn.ReLU(), dump_weights(nn.ReLU()))


class ModuleWithExtraState(nn.Module):
    def get_extra_state(self) -> Any:
        return {"a": 1}

    def set_extra_state(self, state: Any) -> None: ...


def holding(tensor: torch.Tensor) -> nn.Module:
    module = nn.Module()
    module.register_buffer("odd", tensor)
    return module


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (ModuleWithExtraState(), "_extra_state is a dict"),
        (holding(torch.zeros(2, dtype=torch.complex64)), "odd holds complex numbers"),
        (holding(torch.eye(3).to_sparse()), r"odd holds torch\.sparse_coo"),
    ],
    ids=["extra state", "complex", "sparse"],
)
def test_anything_but_dense_tensors_of_real_numbers_is_refused(module: nn.Module, reason: str) -> None:
    with pytest.raises(PackageRefused, match=f"model.safetensors: {reason}"):
        dump_weights(module)
