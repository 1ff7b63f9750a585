"""`data.people`: how players are dealt out to a pose model."""

from __future__ import annotations

from raasid.config.schema.section import Section


class PeopleConfig(Section):
    """How players are dealt out to a pose model; other models do not look at it."""
