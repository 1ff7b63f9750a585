"""The model section of a run that is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from raasid.config.problems import ConfigProblems
from raasid.config.schema.model import Model
from raasid.config.schema.section import Section
from raasid.config.wording import explain


class _Recorded(Section):
    model: Model


def model_section(recorded: Mapping[str, Any]) -> Model:
    """Return what a checkpoint recorded about its model; raises `ConfigProblems` if it holds no more."""
    try:
        return _Recorded.model_validate({"model": recorded}).model
    except ValidationError as error:
        raise ConfigProblems(explain(error, _Recorded, ())) from error
