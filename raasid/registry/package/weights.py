"""`model.safetensors`: a module's tensors, written so that the same weights give the same bytes."""

from __future__ import annotations

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from raasid.registry.errors import PackageRefused
from raasid.registry.package.safetensors_file import check_safetensors

WEIGHTS = "model.safetensors"
_SAID = {torch.complex64: "complex numbers", torch.complex128: "complex numbers"}


def weights_of(model: nn.Module) -> bytes:
    """Every parameter and buffer that a checkpoint would hold; what shares memory is written for each.

    Raises PackageRefused for what is no dense tensor of numbers.
    """
    tensors: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        if not isinstance(value, Tensor):
            raise PackageRefused(
                WEIGHTS, f"{name} is a {type(value).__name__}; keep it in on_save_checkpoint"
            )
        if value.layout != torch.strided or value.is_quantized or value.dtype in _SAID:
            kind = _SAID.get(value.dtype, f"{value.layout}, {value.dtype}")
            raise PackageRefused(WEIGHTS, f"{name} holds {kind}; dense tensors of numbers are taken")
        tensors[name] = value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
    try:
        data = safetensors.torch.save(tensors, {"format": "pt"})
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise PackageRefused(WEIGHTS, f"cannot be written ({error})") from error
    check_safetensors(data, WEIGHTS)
    return data


def give_weights(model: nn.Module, data: bytes) -> None:
    """Give `model` exactly what the file holds.

    Raises PackageRefused: no safetensors file, or a tensor missing, left over, or of another shape or type.
    """
    held = check_safetensors(data, WEIGHTS)
    own = model.state_dict()
    for wrong, what in ((own.keys() - held, "lacks"), (held.keys() - own, "has besides")):
        if wrong:
            names = ", ".join(sorted(wrong)[:3])
            raise PackageRefused(
                WEIGHTS, f"made for another model: {what} {names[:200]}, {len(wrong)} of {len(own)}"
            )
    tensors = safetensors.torch.load(data)
    for name, value in tensors.items():
        if value.shape != own[name].shape or value.dtype != own[name].dtype:
            raise PackageRefused(
                WEIGHTS,
                f"made for another model: {name} is {value.dtype} {list(value.shape)}, "
                f"not {own[name].dtype} {list(own[name].shape)}",
            )
    model.load_state_dict(tensors)
