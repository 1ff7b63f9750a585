"""Model classes of a user's own, as a checkpoint may name them."""

from __future__ import annotations

from raasid.models.ball.heatmap import BallHeatmap


class OwnBall(BallHeatmap):
    """A ball model that the program does not know."""


class NoModel:
    """A class that is no model, though it takes the same arguments."""

    def __init__(self, **_: object) -> None:
        """Accept them."""
