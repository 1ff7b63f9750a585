"""A class that the user brings along."""

from __future__ import annotations

from importlib.util import find_spec

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from raasid.config.schema.section import Section
from raasid.config.schema.types import PLACES_MUST_EXIST


class ForeignSection(Section):
    """Any class on the Python path, by its dotted name; its other keys are its own business."""

    model_config = ConfigDict(extra="allow")

    target: str = Field(alias="_target_")

    @field_validator("target")
    @classmethod
    def _has_a_module(cls, target: str, info: ValidationInfo) -> str:
        """Look for the outermost package, without importing it."""
        package = target.partition(".")[0]
        if info.context and info.context.get(PLACES_MUST_EXIST) and find_spec(package) is None:
            raise PydanticCustomError(
                "no_such_place", f"'{target}': no module named '{package}' is installed"
            )
        return target
