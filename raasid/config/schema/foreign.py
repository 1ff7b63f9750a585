"""A class that the user brings along."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from raasid.config.schema.section import Section


class ForeignSection(Section):
    """Any class on the Python path, by its dotted name; its other keys are its own business."""

    model_config = ConfigDict(extra="allow")

    target: str = Field(alias="_target_")
