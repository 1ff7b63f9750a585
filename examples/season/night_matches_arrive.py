"""Scene: a champion trained by day meets matches under weak floodlights."""

from __future__ import annotations

from .footage import store_joined, store_season
from .story import Season


def begin(season: Season) -> None:
    """Train the first champion by day, and put it in service."""
    amounts, ball = season.amounts, season.ball
    store_season(ball.store, "day", season.film("day", 1), amounts)
    ball.train_first("day")
    season.tell(
        1,
        amounts.monday(1),
        f"A ball model is trained on {amounts.train} day matches and put in service",
        f"Version {ball.champion}.",
    )


def play(season: Season) -> None:
    """Play the weeks before, the week in which night matches arrive, and the weeks after."""
    amounts, ball = season.amounts, season.ball
    for week in range(1, amounts.night_week):
        check_week(season, week)

    store_season(ball.store, "night", season.film("night", amounts.night_week), amounts)
    season.tell(
        amounts.night_week,
        amounts.monday(amounts.night_week),
        "Matches under weak floodlights are played for the first time",
        f"{amounts.week} by day and {amounts.week} by night in a week. Nobody has told the system.",
    )
    check_week(season, amounts.night_week)
    store_joined(ball.store, "day_and_night", ["day", "night"])
    retrain_at_slot(season, amounts.night_week + 1)
    for week in range(amounts.night_week + 1, amounts.law_week):
        check_week(season, week)


def check_week(season: Season, week: int) -> None:
    """Play a week, then compare its matches, without any labels, with what the champion was trained on."""
    when = season.amounts.sunday(week)
    decision = season.ball.check("drift", season.play_week(week), when)
    season.tell_check(week, when, decision)
    if decision.verdict == "fire" and season.drift is None:
        season.drift, season.drift_week = decision, week


def retrain_at_slot(season: Season, week: int) -> None:
    """Let `raasid retrain` do on Monday what the last check has asked for."""
    amounts, when = season.amounts, season.amounts.monday(week)
    season.tell(
        week,
        when,
        f"Labels of {amounts.held} night matches are there",
        f"{amounts.train} to train on, {amounts.val} to select and {amounts.test} to compare by.",
    )
    done = season.ball.retrain("drift", f"week_{week - 1}", "day_and_night", when)
    season.tell_retraining(week, when, done, "day and night matches")
