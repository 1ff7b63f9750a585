"""Models as files: safetensors weights, ONNX export with a parity check, and the model card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raasid.packaging.package import load

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    """Import torch only when a model is loaded."""
    if name == "load":
        from raasid.packaging.package import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
