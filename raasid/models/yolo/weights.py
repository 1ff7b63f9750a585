"""Load a user's YOLO weights from a file of ultralytics without executing anything that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor, nn

from raasid.console.terminal import err
from raasid.errors import CheckpointUnusable

_LIBRARIES = ("torch.nn.", "ultralytics.", "numpy.", "pathlib.", "torchvision.transforms.")
_NAMES = {"builtins.getattr", "builtins.set", "models.yolo.Model", "models.yolo.DetectionModel"}
_CONVERT = (
    "in the program that wrote it, save the plain weights instead: "
    "torch.save(YOLO('FILE.pt').model.float().state_dict(), 'weights.pt')"
)


class _UnpicklingStub:
    """Replaces every class and function that a file names: it keeps state and does nothing."""

    def __new__(cls, *_: Any, **__: Any) -> _UnpicklingStub:
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        """Accept the arguments of the real class."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """Accept the items of a mapping."""


def load_user_weights(model: nn.Module, path: Path) -> int:
    """Load the tensors of a file that match names and shapes of `model`; returns their number.

    path: a file of ultralytics (a whole module, or a checkpoint with `ema` or `model`; the average is
    preferred), or a plain state dict. A head for another number of classes does not match and stays as it is.
    Prints to stderr how many tensors were loaded.
    Raises CheckpointUnusable: unreadable, no weights, or matching less than half of the net.
    """
    found, own = read_user_weights(path), model.state_dict()
    fitting = {name: value for name, value in found.items() if name in own and own[name].shape == value.shape}
    total = sum(value.numel() for value in own.values())
    taken = sum(value.numel() for value in fitting.values())
    if taken * 2 < total:
        raise CheckpointUnusable(
            path,
            f"{len(fitting)} of its {len(found)} tensors fit the net, {taken} of {total} values; "
            "choose the model.net that it was trained as (a run of this program starts from model.init_from)",
        )
    model.load_state_dict({name: value.to(own[name].dtype) for name, value in fitting.items()}, strict=False)
    _report(path, len(fitting), len(own))
    return len(fitting)


def read_user_weights(path: Path) -> dict[str, Tensor]:
    """Read the state dict in a `.pt` file.

    An ultralytics checkpoint is a pickle of whole modules, which Python would rebuild by calling whatever
    the file names. Here torch's restricted unpickler reads it, with a stub for every name of torch.nn,
    ultralytics and a few plain types: only the modules' dictionaries remain. Raises CheckpointUnusable.
    """
    if not path.is_file():
        raise CheckpointUnusable(path, "no such file; model.weights is the path of a .pt file")
    try:
        named = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except (ValueError, RuntimeError, UnpicklingError) as error:
        raise CheckpointUnusable(
            path, f"is no file of torch.save ({_first_line(error)}); {_CONVERT}"
        ) from error
    strange = sorted(name for name in named if not name.startswith(_LIBRARIES) and name not in _NAMES)
    if strange:
        raise CheckpointUnusable(
            path,
            f"refused, because it asks for {', '.join(strange[:3])}, which weights do not need; {_CONVERT}",
        )
    try:
        with torch.serialization.safe_globals([(_UnpicklingStub, name) for name in named]):
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, UnpicklingError, TypeError, ValueError, AttributeError, EOFError) as error:
        raise CheckpointUnusable(path, f"cannot be read ({_first_line(error)}); {_CONVERT}") from error
    state = _state(loaded)
    if not state:
        raise CheckpointUnusable(path, f"holds no weights; {_CONVERT}")
    return state


def _state(loaded: Any) -> dict[str, Tensor]:
    if isinstance(loaded, dict):
        for key in ("ema", "model", "state_dict"):
            if isinstance(loaded.get(key), _UnpicklingStub | dict):
                return _state(loaded[key])
        return {str(name): value for name, value in loaded.items() if isinstance(value, Tensor)}
    return dict(_tensors(loaded, ""))


def _tensors(module: Any, prefix: str) -> Iterator[tuple[str, Tensor]]:
    """Yield the items that `state_dict()` of the module would have."""
    held = vars(module) if isinstance(module, _UnpicklingStub) else {}
    transient = held.get("_non_persistent_buffers_set", ())
    for kind in ("_parameters", "_buffers"):
        for name, value in (held.get(kind) or {}).items():
            if isinstance(value, Tensor) and name not in transient:
                yield f"{prefix}{name}", value.detach()
    for name, child in (held.get("_modules") or {}).items():
        yield from _tensors(child, f"{prefix}{name}.")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


@rank_zero_only
def _report(path: Path, loaded: int, total: int) -> None:
    err().print(f"{path}: {loaded} of the net's {total} tensors were taken over", markup=False)
