"""Trigger `performance` without labels: an estimate is told, and acted upon only where that was asked for."""

from __future__ import annotations

import pytest

from raasid.stats.bootstrap import Estimate
from raasid.stats.label_free import LabelFreeEstimate
from raasid.triggers.decision_record import Decision
from raasid.triggers.label_free import WithoutLabels
from raasid.triggers.performance import PerformanceRule, decide_performance
from raasid.triggers.schedule import default_schedule

CONTEXT, POSE, BALL = default_schedule().entries
NAN = float("nan")
NO_LABELS = {"accuracy": Estimate(NAN, NAN, NAN, 12, "match")}


def estimated(value: float, low: float, high: float, n: int = 12, measured: Estimate | None = None):
    coverage = Estimate(0.8, 0.7, 0.9, n, "match")
    found = LabelFreeEstimate(Estimate(value, low, high, n, "match"), coverage)
    return WithoutLabels(found, measured=measured)


def judge(
    without_labels: WithoutLabels | None, measured=NO_LABELS, label_free="report", entry=CONTEXT
) -> Decision:
    return decide_performance(
        entry,
        "v20261123.1",
        measured,
        {},
        inputs={"data": "a" * 64},
        rule=PerformanceRule(label_free=label_free),
        without_labels=without_labels,
    )


def row(decision: Decision) -> dict:
    (found,) = [row for row in decision.evidence if row.get("estimated")]
    return found


LOW = estimated(0.80, 0.76, 0.84)


@pytest.mark.parametrize("measured", [NO_LABELS, {}])
def test_by_default_an_estimate_is_told_and_not_acted_upon(measured: dict[str, Estimate]) -> None:
    decision = judge(LOW, measured)

    assert (decision.verdict, decision.action) == ("cannot_tell", None)
    assert decision.reason == (
        "accuracy of context_model v20261123.1 cannot be compared with its threshold: the data hold no "
        "labels for it. Estimated without labels, accuracy_answered is 0.800 (0.760 to 0.840, 12 matches), "
        "if its probabilities are calibrated on these data; it answers 80% of the clips."
    )
    assert row(decision)["verdict"] == "below"
    assert row(decision)["assumes"] == "its probabilities are calibrated on these data"
    assert row(decision)["coverage"] == 0.8
    assert decision.statistics == {}


def test_it_fires_if_asked_to_act_and_all_of_the_interval_is_below() -> None:
    decision = judge(LOW, label_free="act")

    assert (decision.verdict, decision.action) == ("fire", "immediate")
    assert decision.reason.endswith("All of the interval is below 0.9.")
    assert decision.statistics == {"estimated": True}


@pytest.mark.parametrize(
    "found", [estimated(0.95, 0.93, 0.97), estimated(0.88, 0.85, 0.91), estimated(0.80, 0.76, 0.84, n=4)]
)
def test_an_estimate_never_says_that_nothing_is_wrong_nor_acts_on_less_than_an_interval(
    found: WithoutLabels,
) -> None:
    decision = judge(found, label_free="act")

    assert (decision.verdict, decision.action) == ("cannot_tell", None)


def test_labels_decide_where_there_are_any_and_the_estimate_stands_beside_them() -> None:
    measured = {"accuracy": Estimate(0.95, 0.92, 0.97, 12, "match")}
    too_low = estimated(0.80, 0.76, 0.84, measured=Estimate(0.96, 0.93, 0.98, 12, "match"))

    decision = judge(too_low, measured, label_free="act")

    assert (decision.verdict, decision.action) == ("hold", None)
    assert row(decision)["verdict"] == "too_low"
    assert row(decision)["measured"] == {"value": 0.96, "low": 0.93, "high": 0.98}
    right = estimated(0.95, 0.93, 0.97, measured=Estimate(0.96, 0.93, 0.98, 12, "match"))
    assert row(judge(right, measured))["verdict"] == "agrees"
    assert row(judge(estimated(0.99, 0.98, 1.0, measured=right.measured), measured))["verdict"] == "too_high"


def test_why_there_is_no_estimate_is_said() -> None:
    other_law = WithoutLabels(None, "it was calibrated for ifab_2019_20, and ifab_2025_26 is in force")

    decision = judge(other_law, label_free="act")

    assert decision.verdict == "cannot_tell"
    assert decision.reason.endswith(f"It cannot be estimated without labels: {other_law.why}.")
    assert [row["metric"] for row in decision.evidence] == ["accuracy", "precision", "recall"]


def test_a_model_that_abstains_on_everything_gives_no_estimate() -> None:
    decision = judge(estimated(NAN, NAN, NAN), label_free="act")

    assert decision.verdict == "cannot_tell"
    assert decision.reason.endswith("It cannot be estimated without labels: it abstained on every clip.")


def test_it_can_be_turned_off() -> None:
    assert judge(LOW, label_free="off") == judge(None)


def test_false_positives_of_unlabelled_footage_do_not_fire() -> None:
    """Where no ball is annotated, every prediction looks false."""
    measured = {
        "detection_rate": Estimate(NAN, NAN, NAN, 12, "match"),
        "false_positives": Estimate(1.0, 0.99, 1.0, 12, "match"),
    }

    decision = judge(WithoutLabels(None, "its scores are no probabilities"), measured, entry=BALL)

    assert decision.verdict == "cannot_tell"
    assert "the data hold no labels for it" in decision.reason
