"""Scene: matches in snow arrive, a situation that the ball model was never trained on."""

from __future__ import annotations

from .footage import KINDS, store_joined, store_season
from .night_matches_arrive import check_week
from .story import Comparison, Season


def play(season: Season) -> None:
    """Play the week in which they arrive, the retraining, and the last week."""
    amounts, ball = season.amounts, season.ball
    first, week = ball.weeks[0].version, amounts.snow_week
    store_season(ball.store, "snow", season.film("snow", week), amounts)
    store_joined(ball.store, "day_night_and_snow", ["day", "night", "snow"])
    season.tell(
        week,
        amounts.monday(week),
        "Matches in snow arrive, with an orange ball",
        f"Footage of last winter: {amounts.week} in a week, and {amounts.held} with labels. "
        "Their clips are tagged 'snow'.",
    )
    dataset, when = season.play_week(week), amounts.sunday(week)
    season.tell_check(week, when, ball.check("new_scenarios", dataset, when))
    done = ball.retrain("new_scenarios", dataset, "snow", when)
    season.tell_retraining(week, when, done, "snow, with a replay of what it knows")
    check_week(season, amounts.last_week)
    last = ball.champion
    season.comparisons = [
        Comparison(kind, ball.measure(first, kind), ball.measure(last, kind)) for kind in KINDS
    ]
