"""`state.json`: what a module keeps beside its weights, as thresholds and calibration, in plain JSON."""

from __future__ import annotations

from typing import Any

from raasid.models.module import TaskModule
from raasid.registry.errors import PackageRefused
from raasid.registry.package.json_text import parsed
from raasid.registry.sealed import canonical

STATE = "state.json"
_NOT_FINITE = "not finite"
"""JSON has no infinities; one is written as an object with this key."""


def state_of(model: TaskModule) -> bytes:
    """What the module writes into a checkpoint, but for the configuration, which the manifest holds.

    Raises PackageRefused for anything but values, texts, lists and tables.
    """
    kept: dict[str, Any] = {}
    model.on_save_checkpoint(kept)
    kept.pop("config", None)
    return canonical(_told(kept, "")) + b"\n"


def give_state(model: TaskModule, data: bytes) -> None:
    """Let the module take it back. Raises PackageRefused for what it did not write."""
    try:
        kept = _meant(parsed(data))
        if not isinstance(kept, dict):
            raise ValueError(f"holds a {type(kept).__name__}, not a table")
        model.on_load_checkpoint(kept)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PackageRefused(STATE, f"is not what such a model keeps ({error})") from error


def _told(value: Any, place: str) -> Any:
    if isinstance(value, dict):
        odd = next((key for key in value if not isinstance(key, str) or key == _NOT_FINITE), None)
        if odd is not None:
            raise PackageRefused(STATE, f"{place or 'the state'} has the key {odd!r}, which JSON cannot keep")
        return {key: _told(item, f"{place}.{key}".lstrip(".")) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_told(item, f"{place}[{at}]") for at, item in enumerate(value)]
    if isinstance(value, float) and value - value != 0:
        return {_NOT_FINITE: str(float(value))}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise PackageRefused(
        STATE, f"{place} is a {type(value).__name__}; a model keeps tensors as buffers, the rest as values"
    )


def _meant(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_NOT_FINITE}:
            return float(value[_NOT_FINITE])
        return {key: _meant(item) for key, item in value.items()}
    return [_meant(item) for item in value] if isinstance(value, list) else value
