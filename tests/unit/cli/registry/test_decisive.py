from __future__ import annotations

import pytest

from raasid.cli.registry.list import DECISIVE, decisive, decisive_first
from raasid.evaluation.ball.result import BallResult
from raasid.evaluation.context.result import ContextResult
from raasid.evaluation.pose.result import PoseResult
from raasid.evaluation.result import Result


@pytest.mark.parametrize("result", [BallResult, PoseResult, ContextResult])
def test_the_evaluation_is_decided_by_the_same_metrics(result: type[Result]) -> None:
    first, *others = DECISIVE[f"{result.task}_model"]
    assert first == result.decisive[-1]
    assert set(others) < set(result.decisive)


def test_those_that_decide_come_first_and_none_is_lost() -> None:
    assert decisive_first("context_model", ["ece", "macro_f1", "accuracy", "ece"]) == [
        "accuracy",
        "macro_f1",
        "ece",
    ]
    assert decisive_first("ball_model", ["precision"]) == ["precision"]


def test_a_model_that_is_not_known_shows_what_was_measured() -> None:
    assert decisive("offside_model", ["b", "b", "a", "c"]) == ("b", "a")
