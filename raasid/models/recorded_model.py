"""The model that a file describes: one of this program, or a class that the user names beside the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from raasid.errors import UsageError
from raasid.models.config import CustomModelConfig, Model, recorded_model_config

_INITIAL_WEIGHTS = ("init_from", "weights")
"""Keys of files that a training starts from; what it ended with is in the file that records them."""
_LIBRARY_NET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.yaml")


class ForeignModel(UsageError):
    """A recorded model that would run code, or read a file, which the user has not named."""

    def __init__(self, reason: str, overrides: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.overrides = overrides
        """What allows it on the command line of a verb that has a `model` section."""


def read_recorded_model(recorded: Any, named: Model | None = None) -> Model:
    """Return the section of a recorded model, without the files that its training started from.

    recorded: from a checkpoint or a manifest, not trusted. named: the `model` section of the user's own
    configuration. Where both have the same `_target_`, a class of the user's own is allowed, its arguments
    being the recorded ones, and files such as a net's YAML are those that the user names.
    Raises ConfigProblems: no section of a model; ForeignModel.
    """
    section = recorded_model_config(recorded)
    vouched = named if named is not None and named.target == section.target else None
    if isinstance(section, CustomModelConfig):
        if vouched is None:
            raise ForeignModel(
                f"model._target_: {section.target[:120]!r} is no model of this program, "
                "and a file cannot name another class",
                f"+model._target_={section.target}",
            )
        return section
    update: dict[str, Any] = {key: None for key in _INITIAL_WEIGHTS if key in type(section).model_fields}
    section = section.model_copy(update=update)
    if vouched is not None:
        section = section.model_copy(update={key: getattr(vouched, key) for key in _other_files(section)})
    elif files := _other_files(section):
        value = str(getattr(section, files[0]))
        raise ForeignModel(
            f"model.{files[0]}: {value[:120]!r} is another file, and a recorded model is built without one",
            f"+model._target_={section.target} +model.{files[0]}=FILE",
        )
    return section


def _other_files(section: Model) -> list[str]:
    """Return the keys whose values are files that the model would be built from."""
    values = {key: getattr(section, key) for key in type(section).model_fields}
    return [
        key
        for key, value in values.items()
        if isinstance(value, Path) or (key == "net" and not _in_library(value))
    ]


def _in_library(net: str) -> bool:
    """Whether a net is one of the library for sure: a file of that name in this folder comes first."""
    return _LIBRARY_NET.fullmatch(net) is not None and not Path(net).exists()
