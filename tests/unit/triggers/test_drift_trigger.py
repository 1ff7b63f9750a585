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


def decide(found: DriftReport | None) -> Decision:
    return decide_drift(BALL, "v20261123.1", found, SLOT, inputs=INPUTS)


def test_a_drifting_feature_asks_for_a_retraining_at_the_next_slot_and_comes_first() -> None:
    decision = decide(report(1.0))

    assert (decision.verdict, decision.action, decision.slot) == ("fire", "scheduled", SLOT)
    assert decision.evidence[0]["feature"] == "brightness"
    assert [row["verdict"] for row in decision.evidence] == ["drift", "no_drift", "no_drift"]
    assert decision.reason.startswith(
        "1 of 3 features drifted from the training data of ball_model v20261123.1"
    )
    assert decision.thresholds["min_effect"] == 0.1
    assert decision.statistics["units"] == 10
    assert Decision.from_bytes(decision.to_bytes()) == decision


def test_no_drift_holds() -> None:
    decision = decide(report(0.0))

    assert (decision.verdict, decision.action, decision.slot) == ("hold", None, None)
    assert "none of 3 features drifts (10 current and 30 reference matches)" in decision.reason


def test_too_few_matches_are_said_even_if_they_look_different() -> None:
    decision = decide(report(3.0, matches=1))

    assert (decision.verdict, decision.action) == ("cannot_tell", None)
    assert "too few matches" in decision.reason


def test_a_champion_without_a_profile_cannot_be_compared() -> None:
    assert decide(None).verdict == "cannot_tell"
    assert "no profile" in decide(None).reason


def test_the_same_report_gives_the_same_bytes() -> None:
    assert decide(report(1.0)).to_bytes() == decide(report(1.0)).to_bytes()
