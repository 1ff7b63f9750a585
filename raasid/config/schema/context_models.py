"""Group `model`: what judges a touch from tracks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from pydantic import Field

from raasid.config.schema.section import Section
from raasid.config.schema.types import Count, File, Fraction, Positive, Probability

Frames = Annotated[int, Ge(8), Le(128)]
Players = Annotated[int, Ge(1), Le(8)]


class ContextTransformerConfig(Section):
    """A transformer over tracks of the ball and of the players next to it."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.context.transformer.ContextTransformer"] = Field(
        "raasid.models.context.transformer.ContextTransformer", alias="_target_"
    )
    frames: Frames = 20
    """Of a window, at 25 Hz."""
    players: Players = 3
    """Of a window: those next to the ball."""
    width: Annotated[int, Ge(8)] = 96
    layers: Count = 2
    heads: Count = 4
    alternatives: Count = 4
    """Readings of a clip that are weighed against each other; within one, facts are independent."""
    dropout: Fraction = 0.1
    inputs: Literal["both", "ball", "pose"] = "both"
    """What of the tracks is looked at."""
    head: Literal["facts", "direct"] = "facts"
    """facts: the offence follows from them by the edition's clauses; direct: it is learned as such."""
    target_risk: Probability = 0.05
    """Share of wrong answers that the model keeps to by abstaining."""
    labels: Literal["law", "mvfoul"] = "law"
    """mvfoul: also what its referees labelled, kind of action, severity, handball."""
    init_from: File | None = None

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Every head of attention gets the same share of the width."""
        if self.width % self.heads:
            yield "width", f"must be a multiple of model.heads, {self.heads}, but is {self.width}"


class ContextGeometryConfig(Section):
    """The rule to beat: a ball on an arm segment, and the angle of the arm."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.context.geometry.ContextGeometry"] = Field(
        "raasid.models.context.geometry.ContextGeometry", alias="_target_"
    )
    frames: Frames = 20
    players: Players = 3
    margin: Fraction = 0.02
    """How far the ball's edge may be from an arm that it touches, in heights of the player."""
    angle_deg: Positive = 42.0
    """From this angle to the trunk on, an arm makes the body bigger."""
    init_from: None = None


class ContextMajorityConfig(Section):
    """Always the commonest answer of the training split."""

    not_built: ClassVar[frozenset[str]] = frozenset({"init_from"})

    target: Literal["raasid.models.context.majority.ContextMajority"] = Field(
        "raasid.models.context.majority.ContextMajority", alias="_target_"
    )
    init_from: None = None
