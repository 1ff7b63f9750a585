"""Sections of a run that is over, as its checkpoint recorded them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from raasid.config.problems import ConfigProblems
from raasid.config.schema.data import Data
from raasid.config.schema.model import Model
from raasid.config.schema.section import Section
from raasid.config.wording import explain


class _Model(Section):
    model: Model


class _Data(Section):
    data: Data


Recorded = TypeVar("Recorded", _Model, _Data)


def model_section(recorded: Mapping[str, Any]) -> Model:
    """Return what a checkpoint recorded about its model; raises `ConfigProblems` if it holds no more."""
    return _read(_Model, {"model": recorded}).model


def data_section(recorded: Mapping[str, Any]) -> Data:
    """Return what a checkpoint recorded about its footage; raises `ConfigProblems` if it holds no more."""
    return _read(_Data, {"data": recorded}).data


def _read(kind: type[Recorded], recorded: Mapping[str, Any]) -> Recorded:
    try:
        return kind.model_validate(recorded)
    except ValidationError as error:
        raise ConfigProblems(explain(error, kind, ())) from error
