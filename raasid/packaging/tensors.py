"""A module as files: tensors in `model.safetensors`, extra state such as thresholds in `state.json`.

The same module always gives the same bytes.
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
STATE = "state.json"
_NOT_FINITE = "not finite"
"""JSON has no infinities; one is written as an object with this key."""
_UNSUPPORTED = {torch.complex64: "complex numbers", torch.complex128: "complex numbers"}


def dump_weights(model: nn.Module) -> bytes:
    """Return every parameter and buffer of the state dict; tensors that share memory are written one by one.

    Raises PackageRefused for anything but dense tensors of real numbers.
    """
    tensors: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        if not isinstance(value, Tensor):
            raise PackageRefused(
                WEIGHTS, f"{name} is a {type(value).__name__}; keep it in on_save_checkpoint"
            )
        if value.layout != torch.strided or value.is_quantized or value.dtype in _UNSUPPORTED:
            kind = _UNSUPPORTED.get(value.dtype, f"{value.layout}, {value.dtype}")
            raise PackageRefused(WEIGHTS, f"{name} holds {kind}; dense tensors of numbers are taken")
        tensors[name] = value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
    try:
        data = safetensors.torch.save(tensors, {"format": "pt"})
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise PackageRefused(WEIGHTS, f"cannot be written ({error})") from error
    check_safetensors(data, WEIGHTS)
    return data


def load_weights(model: nn.Module, data: bytes) -> None:
    """Load the bytes of `dump_weights` into `model`.

    Raises PackageRefused: no safetensors file, or a tensor missing, left over, or of another shape or type.
    """
    stored = check_safetensors(data, WEIGHTS)
    own = model.state_dict()
    for wrong, what in ((own.keys() - stored, "lacks"), (stored.keys() - own, "has besides")):
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


def dump_extra_state(model: TaskModule) -> bytes:
    """Return what the module adds to a checkpoint, without the configuration, which the manifest holds.

    Raises PackageRefused for anything but numbers, strings, lists and dictionaries.
    """
    state: dict[str, Any] = {}
    model.on_save_checkpoint(state)
    state.pop("config", None)
    return canonical_json(_to_json(state, "")) + b"\n"


def load_extra_state(model: TaskModule, data: bytes) -> None:
    """Load the bytes of `dump_extra_state` into the module. Raises PackageRefused for other content."""
    try:
        state = _from_json(parse_json(data))
        if not isinstance(state, dict):
            raise ValueError(f"holds a {type(state).__name__}, not a table")
        model.on_load_checkpoint(state)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PackageRefused(STATE, f"is not what such a model keeps ({error})") from error


def _to_json(value: Any, path: str) -> Any:
    if isinstance(value, dict):
        odd = next((key for key in value if not isinstance(key, str) or key == _NOT_FINITE), None)
        if odd is not None:
            raise PackageRefused(STATE, f"{path or 'the state'} has the key {odd!r}, which JSON cannot keep")
        return {key: _to_json(item, f"{path}.{key}".lstrip(".")) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(item, f"{path}[{at}]") for at, item in enumerate(value)]
    if isinstance(value, float) and value - value != 0:
        return {_NOT_FINITE: str(float(value))}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise PackageRefused(
        STATE, f"{path} is a {type(value).__name__}; a model keeps tensors as buffers, the rest as values"
    )


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_NOT_FINITE}:
            return float(value[_NOT_FINITE])
        return {key: _from_json(item) for key, item in value.items()}
    return [_from_json(item) for item in value] if isinstance(value, list) else value
