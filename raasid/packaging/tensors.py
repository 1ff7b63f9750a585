"""`model.safetensors`: a module's tensors, written so that the same weights give the same bytes.

`state.json`: what a module keeps beside its weights, as thresholds and calibration, in plain JSON.
"""

from __future__ import annotations

from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from raasid.models.module import TaskModule
from raasid.registry.errors import PackageRefused
from raasid.registry.file_checks import check_safetensors
from raasid.registry.record_chain import canonical_json
from raasid.registry.strict_json import parse_json

WEIGHTS = "model.safetensors"
_SAID = {torch.complex64: "complex numbers", torch.complex128: "complex numbers"}


def dump_weights(model: nn.Module) -> bytes:
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


def load_weights(model: nn.Module, data: bytes) -> None:
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


STATE = "state.json"
_NOT_FINITE = "not finite"
"""JSON has no infinities; one is written as an object with this key."""


def dump_extra_state(model: TaskModule) -> bytes:
    """What the module writes into a checkpoint, but for the configuration, which the manifest holds.

    Raises PackageRefused for anything but values, texts, lists and tables.
    """
    kept: dict[str, Any] = {}
    model.on_save_checkpoint(kept)
    kept.pop("config", None)
    return canonical_json(_to_json(kept, "")) + b"\n"


def load_extra_state(model: TaskModule, data: bytes) -> None:
    """Let the module take it back. Raises PackageRefused for what it did not write."""
    try:
        kept = _from_json(parse_json(data))
        if not isinstance(kept, dict):
            raise ValueError(f"holds a {type(kept).__name__}, not a table")
        model.on_load_checkpoint(kept)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PackageRefused(STATE, f"is not what such a model keeps ({error})") from error


def _to_json(value: Any, place: str) -> Any:
    if isinstance(value, dict):
        odd = next((key for key in value if not isinstance(key, str) or key == _NOT_FINITE), None)
        if odd is not None:
            raise PackageRefused(STATE, f"{place or 'the state'} has the key {odd!r}, which JSON cannot keep")
        return {key: _to_json(item, f"{place}.{key}".lstrip(".")) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(item, f"{place}[{at}]") for at, item in enumerate(value)]
    if isinstance(value, float) and value - value != 0:
        return {_NOT_FINITE: str(float(value))}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise PackageRefused(
        STATE, f"{place} is a {type(value).__name__}; a model keeps tensors as buffers, the rest as values"
    )


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_NOT_FINITE}:
            return float(value[_NOT_FINITE])
        return {key: _from_json(item) for key, item in value.items()}
    return [_from_json(item) for item in value] if isinstance(value, list) else value
