"""How much is played in the season, and by which limits it is judged."""

from __future__ import annotations

from dataclasses import dataclass

SCHEDULE = "schedule.yaml"
"""The season's schedule of evaluations, which also marks its folder."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is played, filmed and trained."""

    train: int = 16
    """Matches to train on, of day and of night."""
    val: int = 4
    test: int = 8
    week: int = 8
    """Matches in a week, of day and of night."""
    quiet_weeks: int = 3
    """Before night matches arrive."""
    later_weeks: int = 2
    clips: int = 4
    """Of a match."""
    frames: int = 3
    """Of a clip."""
    first_epochs: int = 6
    """Of the first champion."""
    epochs: int = 5
    """Of a retraining, which starts from the champion."""
    samples: int = 3200
    """Training crops in an epoch."""
    channels: int = 8
    threshold: float = 0.5
    """Detection rate below which the ball model is retrained."""
    min_matches: int = 5
    """Fewer decide nothing, neither in the check nor in the gate."""
    margin: float = 0.02
    """Loss that still counts as no worse in the gate."""

    @property
    def held(self) -> int:
        """Matches of a dataset that is trained on, with its held-out ones."""
        return self.train + self.val + self.test


SMALLEST = Amounts(
    train=4, val=1, test=3, week=2, quiet_weeks=1, later_weeks=1, clips=2, frames=2,
    first_epochs=2, epochs=2, samples=160, channels=4, threshold=0.99, min_matches=2, margin=0.9,
)  # fmt: skip
"""Plays in seconds: how well its models find a ball means nothing."""
