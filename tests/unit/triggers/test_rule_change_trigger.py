"""Trigger `rule_change`: an edition in force that rules otherwise than the one trained for."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from raasid.laws.edition_lookup import EditionUnknown, get_edition, shipped_editions
from raasid.triggers.decision_record import Decision
from raasid.triggers.rule_change import decide_rule_change

CHANGE = date(2024, 7, 1)
"""Since then a non-deliberate denial of a goal with a penalty is yellow."""


def decide(trained_for: str | None, as_of: date, model: str = "context_model", **options) -> Decision:
    return decide_rule_change(model, options.pop("champion", "v20261123.1"), trained_for, as_of, **options)


def test_an_edition_in_force_that_rules_otherwise_asks_for_a_full_training() -> None:
    decision = decide("ifab_2021_22", CHANGE)

    assert (decision.verdict, decision.action) == ("fire", "full")
    assert decision.edition == "ifab_2024_25"
    assert decision.reason == (
        "context_model v20261123.1 was trained for ifab_2021_22, and ifab_2024_25, "
        "in force since 2024-07-01, rules otherwise: labels are derived anew and it is trained in full."
    )


def test_an_announced_edition_does_not_fire_before_its_first_day() -> None:
    assert decide("ifab_2021_22", CHANGE - timedelta(days=1)).verdict == "hold"


def test_all_days_of_an_edition_make_one_record() -> None:
    days = (CHANGE + timedelta(days=k) for k in (0, 1, 100))

    assert len({decide("ifab_2021_22", day).digest for day in days}) == 1


def test_a_new_edition_that_says_nothing_new_about_handball_holds() -> None:
    decision = decide("ifab_2024_25", date(2026, 11, 30))

    assert decision.verdict == "hold"
    assert decision.edition == "ifab_2026_27"
    assert "rules on handball alike" in decision.reason


def test_a_champion_for_a_coming_edition_holds() -> None:
    assert decide("ifab_2024_25", date(2023, 1, 1)).verdict == "hold"


def test_an_overlay_counts_for_its_competition_alone_and_ends_with_its_last_day() -> None:
    during, after = date(2020, 11, 1), date(2021, 7, 1)

    assert decide("ifab_2020_21", during).verdict == "hold"
    assert decide("ifab_2020_21", during, competition="Premier League").verdict == "fire"
    assert decide("pl_2020_10", during, competition="Premier League").verdict == "hold"
    assert decide("pl_2020_10", after, competition="Premier League").verdict == "fire"


@pytest.mark.parametrize("model", ["ball_model", "pose_model"])
def test_models_of_what_can_be_seen_do_not_depend_on_the_laws(model: str) -> None:
    assert decide("ifab_2018_19", CHANGE, model).verdict == "hold"


def test_what_is_not_recorded_is_said() -> None:
    assert decide(None, CHANGE).verdict == "cannot_tell"
    assert decide("ifab_2021_22", CHANGE, champion=None).verdict == "cannot_tell"


def test_an_unknown_edition_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(EditionUnknown, match="did you mean 'ifab_2024_25'"):
        decide("ifab_2024_52", CHANGE)


@pytest.mark.parametrize("name", shipped_editions())
def test_the_edition_that_is_in_force_never_fires(name: str) -> None:
    edition = get_edition(name)
    first = edition.valid_from or date(2018, 8, 1)

    assert decide(name, first, competition=edition.competition).verdict == "hold"
