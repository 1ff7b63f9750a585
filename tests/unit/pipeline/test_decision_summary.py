"""The line of JSON that `raasid retrain --json` ends with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raasid.deploy.verdict import GateRefused, GateRow, GateVerdict
from raasid.errors import RaasidError
from raasid.pipeline.check import CheckedModel
from raasid.pipeline.decision_summary import ModelsLeftOut, RetrainOutcome, print_json, require_intact
from raasid.registry.names import Version
from raasid.triggers.decision_record import Decision
from raasid.triggers.retraining_history import Retraining
from raasid.triggers.schedule import default_schedule

(BALL,) = (entry for entry in default_schedule().entries if entry.model == "ball_model")
CHAMPION = Version.parse("v20261123.1")
POOR = Decision(
    model="ball_model", trigger="performance", champion=str(CHAMPION), verdict="fire", action="immediate",
    reason="detection_rate is below 0.85.",
)  # fmt: skip
CHECKED = CheckedModel(BALL, CHAMPION, [POOR], ["It is slow."], {POOR.digest: Path("decisions/poor.json")})


def retrained(promoted: bool) -> Retraining:
    return Retraining(
        model="ball_model", decision=POOR.digest, trigger="performance", action="immediate",
        started="2026-11-30T03:00:00+00:00", ended="2026-11-30T04:00:00+00:00", champion=str(CHAMPION),
        version="v20261130.1", promoted=promoted, before=0.8, after=0.9, data_digest="a" * 64,
    )  # fmt: skip


def printed(capsys: pytest.CaptureFixture[str], outcome: RetrainOutcome | None) -> dict[str, Any]:
    print_json([CHECKED], None if outcome is None else {"ball_model": outcome}, ["left out: a file"])
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_check_says_what_was_decided_and_where_it_is_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, None) == {
        "verdict": "retrain",
        "summary": "retrain ball_model (immediate)",
        "models": [
            {
                "model": "ball_model",
                "champion": "v20261123.1",
                "decisions": [
                    {
                        "trigger": "performance",
                        "verdict": "fire",
                        "action": "immediate",
                        "reason": "detection_rate is below 0.85.",
                        "digest": POOR.digest,
                        "file": "decisions/poor.json",
                    }
                ],
                "alerts": ["It is slow."],
                "error": None,
            }
        ],
        "alerts": ["It is slow."],
        "warnings": ["left out: a file"],
    }


@pytest.mark.parametrize("passed", [True, None])
def test_a_retraining_says_what_came_of_it(capsys: pytest.CaptureFixture[str], passed: bool | None) -> None:
    past = retrained(promoted=passed is True)
    (model,) = printed(capsys, RetrainOutcome("retrained", "", past))["models"]
    assert model["retraining"] == {
        "done": "retrained",
        "why": "",
        "decision": POOR.digest,
        "version": "v20261130.1",
        "gate_passed": passed,
        "promoted": passed is True,
    }


def test_a_refusal_by_the_gate_is_told_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    row = GateRow(rule="overall", finding="worse", passes=False, metric="detection_rate")
    verdict = GateVerdict(
        task="ball", metric="detection_rate", test_set_sha256="a" * 64, test_matches=12, look=1,
        beats_anchor=False, rows=(row,),
    )  # fmt: skip
    refused = GateRefused(verdict)
    (model,) = printed(capsys, RetrainOutcome("retrained", "", retrained(False), refused))["models"]
    assert (model["retraining"]["gate_passed"], model["retraining"]["promoted"]) == (False, False)
    assert model["retraining"]["why"].startswith("refused by the gate: detection_rate")


def test_a_retraining_that_is_put_off_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    (model,) = printed(capsys, RetrainOutcome("not_now", "ball_model: not now. It cools down."))["models"]
    assert (model["retraining"]["done"], model["retraining"]["promoted"]) == ("not_now", False)
    assert model["retraining"]["why"].endswith("It cools down.")


def test_models_with_damage_are_named_at_the_end() -> None:
    damaged = CheckedModel(BALL, CHAMPION, [], damage=RaasidError("retrainings/x.json: is no record"))
    require_intact([CHECKED])
    with pytest.raises(ModelsLeftOut, match=r"1 model was left out.*\n  ball_model: retrainings/x.json"):
        require_intact([CHECKED, damaged])
