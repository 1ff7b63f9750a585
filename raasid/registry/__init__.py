"""Versions of models, who put them in service and when: files that survive a cluster's filesystem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raasid.registry.package.load import get

__all__ = ["get"]


def __getattr__(name: str) -> Any:
    """Load what loads models, which is slow, only when it is asked for."""
    if name == "get":
        from raasid.registry.package.load import get

        return get
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
