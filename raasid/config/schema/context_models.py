"""Group `model`: what judges a touch from tracks."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from raasid.config.schema.section import Section
from raasid.config.schema.types import File


class ContextTransformerConfig(Section):
    """A transformer over tracks of the ball and of the players next to it."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.context.transformer.ContextTransformer"] = Field(
        "raasid.models.context.transformer.ContextTransformer", alias="_target_"
    )
    init_from: File | None = None


class ContextGeometryConfig(Section):
    """The rule to beat: a ball on an arm segment, and the angle of the arm."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.context.geometry.ContextGeometry"] = Field(
        "raasid.models.context.geometry.ContextGeometry", alias="_target_"
    )
    init_from: None = None


class ContextMajorityConfig(Section):
    """Always the commonest answer of the training split."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.context.majority.ContextMajority"] = Field(
        "raasid.models.context.majority.ContextMajority", alias="_target_"
    )
    init_from: None = None
