"""Scene: a champion trained by day meets matches under weak floodlights."""

from __future__ import annotations

from raasid.triggers.decision_record import Decision, Verdict

from .footage import day_matches, night_matches, store_joined, store_season, store_week
from .story import LIGHTS, Light, Season

_FINDINGS: dict[Verdict, str] = {
    "hold": "finds nothing wrong",
    "fire": "fires: it asks for a retraining",
    "wait": "waits",
    "cannot_tell": "cannot tell",
}


def play(season: Season) -> None:
    """Play the weeks before, the week in which night matches arrive, and the weeks after."""
    amounts, store = season.amounts, season.store
    days = day_matches(amounts, amounts.quiet_weeks + 1 + amounts.later_weeks, season.data)
    day = store_season(store, "day", days, amounts)
    season.train_first("day")
    season.tell(
        f"A ball model is trained on {amounts.train} day matches and put in service",
        f"Version {season.champion}.",
    )

    for _ in range(amounts.quiet_weeks):
        season.week += 1
        _check_day(season, store_week(store, f"week_{season.week}_day", days, amounts).name)

    season.week += 1
    _check_day(season, store_week(store, f"week_{season.week}_day", days, amounts).name)
    nights = night_matches(amounts, amounts.later_weeks, season.data)
    night = store_season(store, "night", nights, amounts)
    season.tell("Matches under weak floodlights arrive", f"{amounts.held} of them, with labels.")
    decision = season.check("night")
    season.measure_week("night", decision)
    _tell_check(season, "night", decision)
    store_joined(store, "day_and_night", [day, night])
    _retrain(season)

    for _ in range(amounts.later_weeks):
        season.week += 1
        _check_day(season, store_week(store, f"week_{season.week}_day", days, amounts).name)
        decision = season.check(store_week(store, f"week_{season.week}_night", nights, amounts).name)
        season.measure_week("night", decision)
        _tell_check(season, "night", decision)


def _check_day(season: Season, dataset: str) -> None:
    decision = season.check(dataset)
    season.measure_week("day", decision)
    _tell_check(season, "day", decision)


def _tell_check(season: Season, light: Light, decision: Decision) -> None:
    season.tell(
        f"The check of the {light} matches {_FINDINGS[decision.verdict]}",
        decision.reason,
        happened=decision.verdict == "fire",
    )


def _retrain(season: Season) -> None:
    before = season.champion
    done = season.retrain("night", train_on="day_and_night")
    if done is None:
        season.tell("No retraining follows", happened=False)
        return
    gate = season.gate_verdict(done)
    minutes = done.gpu_hours * 60
    season.tell(
        "A new version is trained from the champion, on day and night matches",
        f"Version {done.version}, in {minutes:.1f} minutes.",
    )
    if done.promoted:
        season.tell("The gate passes it: the new version is champion", f"{gate['reason']}.")
    else:
        season.tell("The gate refuses it: the champion stays", f"{gate['reason']}.")
    for light in LIGHTS:
        season.compare(light, light, before, str(done.version))
