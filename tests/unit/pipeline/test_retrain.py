"""Which of the decisions made now and recorded before `raasid retrain` acts upon."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from retrainings import DATA, ended

from raasid.config.compose import compose
from raasid.io.atomic import write_atomic
from raasid.pipeline.check import CheckedModel
from raasid.pipeline.retrain import _retrain_if_asked
from raasid.pipeline.verb_configs import RetrainConfig
from raasid.registry.names import Version
from raasid.registry.record_chain import canonical_json
from raasid.triggers.decision_record import Decision
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.journal import Journal
from raasid.triggers.schedule import default_schedule

CHAMPION = "v20261101.1"
NOW = datetime(2026, 12, 1, 4, tzinfo=UTC)
POSE = next(entry for entry in default_schedule().entries if entry.model == "pose_model")


def decision(action: str = "immediate", slot: str | None = "2026-11-23T03:00Z") -> Decision:
    return Decision.model_validate(
        {
            "model": "pose_model",
            "trigger": "drift" if action == "scheduled" else "performance",
            "champion": CHAMPION,
            "verdict": "fire",
            "action": action,
            "reason": "It has to be.",
            "inputs": {"labels": DATA},
            "slot": slot,
        }
    )


def outcome(root: Path, recorded: list[Decision], made: list[Decision] | None = None) -> Any:
    """What is done, without doing it."""
    store = DecisionStore(root / "decisions")
    for each in [*recorded, *(made or [])]:
        store.write(each, date(2026, 11, 23))
    words = [f"paths.root={root}", "retrain.dry_run=true", f"trigger.as_of={NOW.isoformat()}"]
    cfg = compose("retrain", RetrainConfig, words)
    return _retrain_if_asked(cfg, CheckedModel(POSE, Version.parse(CHAMPION), made or []), [])


def end(root: Path, **changes: Any) -> None:
    past = ended(**changes)
    path = root / "retrainings" / past.model / f"{past.decision}.json"
    write_atomic(path, canonical_json(past.model_dump(mode="json")) + b"\n")


def test_what_is_asked_for_now_is_done_and_what_was_asked_for_before_is_not(tmp_path: Path) -> None:
    assert outcome(tmp_path, [decision()]).done == "nothing"
    assert outcome(tmp_path, [], [decision()]).done == "dry_run"


def test_what_was_begun_is_continued_although_it_is_not_asked_for_any_more(tmp_path: Path) -> None:
    begun = decision()
    Journal(tmp_path / "retrainings" / "pose_model" / "runs" / begun.digest[:12]).begin("immediate")
    assert outcome(tmp_path, [begun]).done == "dry_run"


@pytest.mark.parametrize(
    ("slot", "done"), [("2026-11-23T03:00Z", "dry_run"), ("2026-12-07T03:00Z", "nothing")]
)
def test_what_is_scheduled_waits_for_its_slot(slot: str, done: str, tmp_path: Path) -> None:
    assert outcome(tmp_path, [decision("scheduled", slot)]).done == done


def test_what_is_scheduled_is_held_back_as_well_if_retraining_does_not_help(tmp_path: Path) -> None:
    for day in (0, 7, 14):
        end(tmp_path, day=day)
    assert outcome(tmp_path, [decision("scheduled")]).done == "nothing"


def test_a_decision_that_was_acted_upon_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = decision()
    end(tmp_path, day=21, decision=made.digest)
    found = outcome(tmp_path, [], [made])
    assert found.done == "not_now"
    assert found.why.startswith("pose_model: this decision was acted upon, until 2026-11-23T04:00:00")
    assert found.why.endswith("other data, another champion or the next slot give another decision")
