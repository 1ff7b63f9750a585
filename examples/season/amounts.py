"""How much is played in the season, and by which limits it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SCHEDULE = "schedule.yaml"
"""The season's schedule of evaluations, which also marks its folder."""
_MONDAY_OF_THE_LAW = datetime(2021, 6, 28, 3, tzinfo=UTC)
"""Of the week in which the Laws of 2021/22 come into force, on 1 July; weekly slots begin at this hour."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is played, filmed and trained."""

    train: int = 16
    """Matches to train on, of each kind."""
    val: int = 4
    test: int = 8
    week: int = 8
    """Matches in a week, of each kind that is played then."""
    quiet_weeks: int = 2
    """Before night matches arrive."""
    later_weeks: int = 1
    """Between the retraining for them and the change of the Law."""
    clips: int = 4
    """Of a match."""
    frames: int = 3
    """Of a clip."""
    first_epochs: int = 10
    """Of the first champion."""
    epochs: int = 5
    """Of a retraining of the ball model, which starts from the champion."""
    samples: int = 1600
    """Training crops in an epoch."""
    channels: int = 8
    threshold: float = 0.5
    """Detection rate below which the ball model is retrained."""
    min_matches: int = 5
    """Fewer decide nothing, neither in the check nor in the gate."""
    margin: float = 0.02
    """Loss that still counts as no worse in the gate."""
    touch_matches: tuple[int, int, int] = (32, 6, 18)
    """Matches with scripted touches of ball and arm to train on, to select and to test by."""
    touches: int = 6
    """Clips of such a match."""
    touch_frames: int = 12
    touch_epochs: int = 24

    @property
    def held(self) -> int:
        """Matches of a dataset that is trained on, with its held-out ones."""
        return self.train + self.val + self.test

    @property
    def night_week(self) -> int:
        """The week in which the first night matches are played."""
        return self.quiet_weeks + 1

    @property
    def law_week(self) -> int:
        """The week in which the Law changes."""
        return self.night_week + self.later_weeks + 1

    @property
    def snow_week(self) -> int:
        """The week in which matches in snow arrive."""
        return self.law_week + 1

    @property
    def last_week(self) -> int:
        """The last week of the season."""
        return self.snow_week + 1

    def monday(self, week: int) -> datetime:
        """Return the hour at which the slot of a week begins; weeks are counted from 1."""
        return _MONDAY_OF_THE_LAW + timedelta(weeks=week - self.law_week)

    def sunday(self, week: int) -> datetime:
        """Return the evening on which the matches of a week have been played."""
        return self.monday(week) + timedelta(days=6, hours=17)


SMALLEST = Amounts(
    train=8, val=2, test=4, week=8, quiet_weeks=0, later_weeks=0, clips=1, frames=1,
    first_epochs=4, epochs=1, samples=320, channels=4, threshold=0.99, min_matches=2, margin=0.9,
    touch_matches=(6, 2, 4), touches=4, touch_frames=6, touch_epochs=1,
)  # fmt: skip
"""Plays in seconds: how well its models find a ball means nothing."""
