from __future__ import annotations

from raasid.cli.registry.list import decisive, decisive_first


def test_those_that_decide_come_first_and_none_is_lost() -> None:
    assert decisive_first("context_model", ["ece", "macro_f1", "accuracy", "ece"]) == [
        "accuracy",
        "macro_f1",
        "ece",
    ]
    assert decisive_first("ball_model", ["precision"]) == ["precision"]


def test_a_model_that_is_not_known_shows_what_was_measured() -> None:
    assert decisive("offside_model", ["b", "b", "a", "c"]) == ("b", "a")
