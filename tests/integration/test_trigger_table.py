"""Each trigger by `raasid retrain` and by `train.py trigger=…`: when it fires, and what comes of it.

The rows of performance are in test_retraining, those of drift in test_drift_check.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from ball_season import FREE, GATE, LEAGUE, LONGER, NET, PERFORMANCE, at, champion, versions
from in_process import call_raasid
from small_disk import FullBefore
from tiny_trainings import CONTEXT, TOUCHES

from raasid.registry.records import Manifest
from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore
from raasid.triggers.decision_record import Decision
from raasid.triggers.decision_store import DecisionStore
from raasid.triggers.retraining_history import Retraining
from raasid.triggers.slots import next_slot

Command = Literal["retrain", "train"]
BOTH = pytest.mark.parametrize("command", ["retrain", "train"])
NIGHT = (*LEAGUE, "data.league_seed=5", "data.shift=night", "data.shift_intensity=3")
"""Matches in a light that the champion has never seen."""
NEW_LAW = ("trigger.as_of=2024-09-02T04:00+00:00",)


@pytest.fixture(scope="module")
def season(ball_season: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root of its own: the leagues of this file are rendered into it once."""
    return Path(shutil.copytree(ball_season, tmp_path_factory.mktemp("table") / "root"))


@pytest.fixture
def root(season: Path, tmp_path: Path) -> Path:
    leave_out = shutil.ignore_patterns("data", "decisions", "retrainings")
    return Path(shutil.copytree(season, tmp_path / "root", ignore=leave_out))


def act(command: Command, kind: str, data: tuple[str, ...], *words: str, status: int = 0) -> str:
    """Retrain the ball model if a trigger asks for it; return what was printed."""
    training = (*data, *NET, LONGER)
    if command == "retrain":
        train = ", ".join(f"'{word}'" for word in training)
        given = ("retrain", *data, "models=[ball_model]", f"retrain.train={{ball_model: [{train}]}}")
    else:
        given = ("train", *training, "deploy=local")
    done = call_raasid(*given, f"trigger={kind}", *GATE, *FREE, *words)
    assert done.returncode == status, done.stderr
    return done.stdout


def newest(root: Path, model: str = "ball_model") -> Manifest:
    registry = Registry(root / "registry")
    return registry.versions(model).manifest(registry.resolve(model, "latest"))


def decisions(root: Path, model: str = "ball_model") -> list[Decision]:
    return [stored.decision for stored in DecisionStore(root / "decisions").newest_first(model)]


def history(root: Path, model: str = "ball_model") -> list[Retraining]:
    return ClaimStore(root / "retrainings").history(model)


@BOTH
def test_nothing_wrong_trains_nothing_and_is_recorded(
    command: Command, root: Path, season: Path, tmp_path: Path
) -> None:
    schedule = tmp_path / "schedule.yaml"
    entry = "{schedule: monthly, trigger_threshold: 0.0, evaluation_metrics: [detection_rate]}"
    schedule.write_text(f"models: {{ball_model: {entry}}}\n")
    printed = act(command, "all", LEAGUE, *PERFORMANCE[1:], f"trigger.schedule={schedule}", *at(root, season))
    assert printed.splitlines()[-1] == "verdict: nothing to do"
    found = {each.trigger: each.verdict for each in decisions(root)}
    assert {*found} == {"performance", "drift", "new_scenarios", "rule_change", "calendar"}
    assert {found[each] for each in ("performance", "new_scenarios", "rule_change", "calendar")} == {"hold"}
    assert found["drift"] in ("hold", "cannot_tell"), "it knows these matches from its training"
    assert (versions(root), history(root)) == (1, [])


@BOTH
def test_a_slot_is_used_once_not_before_it_begins_and_caught_up_when_it_was_missed(
    command: Command, root: Path, season: Path
) -> None:
    made = datetime.fromisoformat(newest(root).time)
    slot = next_slot(made, "monthly")

    def call(when: datetime, *words: str) -> str:
        return act(
            command, "calendar", LEAGUE, f"trigger.as_of={when.isoformat()}", *words, *at(root, season)
        )

    assert call(slot - timedelta(minutes=1)).splitlines()[-1] == "verdict: nothing to do"
    assert versions(root) == 1
    missed = slot + timedelta(days=72)
    printed = call(missed)
    assert printed.splitlines()[-1] == f"ball_model {champion(root)} is champion"
    (past,) = history(root)
    assert (past.trigger, past.action, past.promoted, versions(root)) == ("calendar", "scheduled", True, 2)
    assert past.end == missed, "a replay of later weeks finds it where it belongs"
    assert "init_from" in newest(root).lineage["inputs"]
    for later in (timedelta(minutes=5), timedelta(days=3)):
        assert call(missed + later).splitlines()[-1] == "verdict: nothing to do"
    assert versions(root) == 2
    if command == "retrain":
        printed = call(next_slot(missed, "monthly"), "retrain.dry_run=true")
        assert "would be retrained (scheduled)" in printed


@BOTH
def test_a_new_situation_trains_the_champion_further_on_it_and_on_what_it_knows(
    command: Command, root: Path, season: Path
) -> None:
    old = champion(root)
    rate = "retrain.incremental.lr_factor=1.0"  # the poor champion has much to learn
    for stage in ("store/objects/*", "store/datasets/*", "retrainings/*/.plan.json*"):
        with FullBefore(None, f"{root}/{stage}") as full:
            act(command, "new_scenarios", NIGHT, rate, *at(root, season), status=1)
        assert full.happened, f"a failure in {stage}, which what follows does not know"
    act(command, "new_scenarios", NIGHT, rate, *at(root, season))
    assert len([*(root / "store" / "datasets").glob("*/*/manifest.json")]) == 1
    (fired,) = decisions(root)
    assert "was trained without 'shift_night_3' (" in fired.reason
    (past,) = history(root)
    assert (past.trigger, past.action, past.champion, past.promoted) == (
        "new_scenarios",
        "incremental",
        old,
        True,
    )
    lineage = newest(root).lineage
    assert "init_from" in lineage["inputs"]
    assert {"shift_night_3", "sun"} <= {*lineage["data"]["tags"]}
    seasons = {match.rsplit("-", 1)[0] for match in lineage["data"]["train"]["matches"]}
    assert seasons == {"synthetic-0", "synthetic-5"}, "the new footage, and a replay of the champion's"
    again = act(command, "new_scenarios", NIGHT, *at(root, season))
    assert again.splitlines()[-1] == "verdict: nothing to do", "the new champion knows it"


@BOTH
def test_a_change_of_the_laws_trains_the_context_model_anew_for_the_edition_in_force(
    command: Command, context_season: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(context_season, tmp_path / "root", ignore=shutil.ignore_patterns("data")))
    old = champion(root, "context_model")
    if command == "retrain":
        train = ", ".join(f"'{word}'" for word in CONTEXT)
        words = ("retrain", *TOUCHES, "models=[context_model]", f"retrain.train={{context_model: [{train}]}}")
    else:
        words = ("train", *CONTEXT, "deploy=local")
    gate = ("deploy.gate.min_matches=2", "deploy.gate.margin=0.3", "deploy.gate.anchor_margin=0.3")
    words = (*words, "trigger=rule_change", *gate, *at(root, context_season))

    before = call_raasid(*words, "trigger.as_of=2022-03-01T04:00+00:00")
    assert (before.returncode, before.stdout.splitlines()[-1]) == (0, "verdict: nothing to do"), before.stderr

    done = call_raasid(*words, *NEW_LAW)
    (past,) = history(root, "context_model")
    assert done.returncode == (0 if past.promoted else 3), done.stderr
    assert (past.trigger, past.action, past.champion) == ("rule_change", "full", old)
    assert champion(root, "context_model") == (past.version if past.promoted else old)
    manifest = newest(root, "context_model")
    assert manifest.lineage["data"]["edition"] == "ifab_2024_25"
    assert "init_from" not in manifest.lineage["inputs"], "from base weights"
    (fired,) = [each for each in decisions(root, "context_model") if each.verdict == "fire"]
    assert fired.edition == "ifab_2024_25"
