"""Trigger `drift`: a report of `raasid.stats.drift` becomes a decision."""

from __future__ import annotations

import numpy as np

from raasid.stats.drift import detect
from raasid.stats.drift_report import DriftReport
from raasid.triggers.decision_record import Decision
from raasid.triggers.drift import decide_drift
from raasid.triggers.schedule import default_schedule

BALL = default_schedule().entries[2]
SLOT = "2026-12-01T03:00Z"
INPUTS = {"data": "a" * 64, "profile": "b" * 64}


def report(shift: float, matches: int = 10) -> DriftReport:
    rng = np.random.default_rng(0)
    reference, current = rng.normal(size=(600, 3)), rng.normal(size=(matches * 20, 3))
    current[:, 1] += shift
    names = ["contrast", "brightness", "ball_size"]
    return detect(
        current,
        reference,
        matches=[f"new {k // 20}" for k in range(len(current))],
        reference_matches=[f"old {k // 20}" for k in range(len(reference))],
        feature_names=names,
    )


def decide(found: DriftReport) -> Decision:
    return decide_drift(BALL, "v20261123.1", {"footage": found}, SLOT, inputs=INPUTS)


def test_a_drifting_feature_asks_for_a_retraining_at_the_next_slot_and_comes_first() -> None:
    decision = decide(report(1.0))

    assert (decision.verdict, decision.action, decision.slot) == ("fire", "scheduled", SLOT)
    assert decision.evidence[0]["feature"] == "brightness"
    assert [row["verdict"] for row in decision.evidence] == ["drift", "no_drift", "no_drift"]
    assert decision.reason.startswith(
        "1 of 3 features drifted from the training data of ball_model v20261123.1"
    )
    assert decision.thresholds["min_effect"] == {"footage": 0.1}
    assert decision.statistics["footage"]["units"] == 10  # type: ignore[index,call-overload]
    assert Decision.from_bytes(decision.to_bytes()) == decision


def test_no_drift_holds() -> None:
    decision = decide(report(0.0))

    assert (decision.verdict, decision.action, decision.slot) == ("hold", None, None)
    assert "none of 3 features drifts (10 current and 30 reference matches)" in decision.reason


def test_too_few_matches_are_said_even_if_they_look_different() -> None:
    decision = decide(report(3.0, matches=1))

    assert (decision.verdict, decision.action) == ("cannot_tell", None)
    assert "too few matches" in decision.reason


def test_a_champion_that_nothing_can_be_compared_with_is_no_verdict() -> None:
    decision = decide_drift(
        BALL, "v20261123.1", {}, SLOT, inputs=INPUTS, notes=["It has no profile of its training data."]
    )

    assert (decision.verdict, decision.slot) == ("cannot_tell", None)
    assert decision.reason.endswith("It has no profile of its training data.")


def test_one_part_that_cannot_be_judged_leaves_the_verdict_open_but_hides_no_drift() -> None:
    few, same, moved = report(0.0, matches=1), report(0.0), report(1.0)

    open_verdict = decide_drift(BALL, "v1", {"footage": same, "predictions": few}, SLOT, inputs=INPUTS)
    fired = decide_drift(BALL, "v1", {"footage": moved, "predictions": few}, SLOT, inputs=INPUTS)

    assert open_verdict.verdict == "cannot_tell"
    assert "footage: none of 3 features drifts" in open_verdict.reason
    assert "predictions: too few matches" in open_verdict.reason
    assert fired.verdict == "fire"
    assert (fired.evidence[0]["part"], fired.evidence[0]["verdict"]) == ("footage", "drift")


def test_a_feature_without_values_is_null_in_the_record() -> None:
    found = detect(
        {"brightness": np.arange(200.0), "ball x": np.full(200, np.nan)},
        {"brightness": np.arange(600.0), "ball x": np.arange(600.0)},
        matches=[f"new {k // 20}" for k in range(200)],
        reference_matches=[f"old {k // 20}" for k in range(600)],
    )

    decision = decide(found)

    rows = {row["feature"]: row for row in decision.evidence}
    assert (rows["ball x"]["p"], rows["ball x"]["verdict"]) == (None, "no_values")
    assert Decision.from_bytes(decision.to_bytes()) == decision


def test_the_same_report_gives_the_same_bytes() -> None:
    assert decide(report(1.0)).to_bytes() == decide(report(1.0)).to_bytes()
