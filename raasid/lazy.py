"""Imports objects by path at the time of use, so that light commands load nothing heavy."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def load_object(path: str) -> Any:
    """Import `package.module:name` and return the object of that name."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
