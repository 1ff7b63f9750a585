"""`data.people`: how players are dealt out to a pose model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from annotated_types import Ge, Gt, Le

from raasid.config.schema.section import Section
from raasid.config.schema.types import Count, Fraction, Size

Scale = Annotated[float, Gt(0), Le(4)]


class PeopleConfig(Section):
    """How players are dealt out to a pose model; other models do not look at it."""

    window: Size | None = None
    """Width, height of the part of a frame in which people are searched; null: as large as frames."""
    window_scale: tuple[Scale, Scale] = (0.8, 1.25)
    """Least and greatest scale of a window: its pixels per pixel of the frame."""
    crops: Count = 6
    """Crops of single persons per frame, for models that read joints from crops."""
    jitter: Annotated[float, Ge(0), Le(0.3)] = 0.08
    """Standard deviation by which a crop is misplaced and misshapen, as a share of the person's box."""
    zoom: Annotated[float, Ge(0), Le(1)] = 0.2
    """Crops are scaled by exp(u), u uniform within plus or minus this."""
    rotate: Annotated[float, Ge(0), Le(90)] = 20.0
    """Greatest turn of a crop, in degrees."""
    hide: Fraction = 0.3
    """Probability that something covers a part of a crop."""
    cut: Fraction = 0.0
    """Probability that a crop shows a part of the person only, as at a picture's edge."""
    coarse: Fraction = 0.3
    """Probability that a crop is as coarse as if its person were smaller."""
    unreviewed: bool = True
    """Whether to learn from people whom a model has marked and nobody has confirmed."""

    def complaints(self) -> Iterator[tuple[str, str]]:
        """A range goes upwards."""
        if self.window_scale[0] > self.window_scale[1]:
            yield "window_scale", f"must be lowest, highest, but is {list(self.window_scale)}"
