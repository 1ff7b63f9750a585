"""The configuration: one typed tree per verb, checked as a whole before anything runs.

Names are imported on first use, because looking at a configuration must not load pydantic. Functions
(`build`, `compose`, `model_section`) are taken from the module of their name.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raasid.config.schema.evaluate import EvaluateConfig
    from raasid.config.schema.section import Section
    from raasid.config.schema.train import TrainConfig

__all__ = ["EvaluateConfig", "Section", "TrainConfig"]

_HOME = {
    "EvaluateConfig": "raasid.config.schema.evaluate",
    "Section": "raasid.config.schema.section",
    "TrainConfig": "raasid.config.schema.train",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
