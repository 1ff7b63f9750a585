"""What programs get of `raasid check` and `raasid retrain`: a line of JSON, and a status."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ball_season import CHECK, LEAGUE, LONGER, NET, PERFORMANCE, RETRAIN, at, champion
from in_process import call_raasid

from raasid.registry.registry import Registry


@pytest.fixture
def root(ball_season: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ball_season, tmp_path / "root"))


def last_line(stdout: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stdout.splitlines()[-1])
    return found


def test_the_last_line_of_a_check_is_its_verdict_as_json(root: Path, ball_season: Path) -> None:
    done = call_raasid("check", *CHECK, "--json", *at(root, ball_season))

    assert done.returncode == 0, done.stderr
    found = last_line(done.stdout)
    assert done.stdout.splitlines()[-2] == f"verdict: {found['summary']}"
    assert (found["verdict"], found["alerts"], found["warnings"]) == ("retrain", [], [])
    (model,) = found["models"]
    assert (model["model"], model["champion"], model["error"]) == ("ball_model", champion(root), None)
    (decision,) = model["decisions"]
    assert (decision["trigger"], decision["verdict"], decision["action"]) == (
        "performance",
        "fire",
        "immediate",
    )
    record = json.loads(Path(decision["file"]).read_text())
    assert record["reason"] == decision["reason"]
    assert Path(decision["file"]).stem.endswith(decision["digest"][:12])
    plain = call_raasid("check", *CHECK, *at(root, ball_season))
    assert plain.stdout.splitlines() == done.stdout.splitlines()[:-1], "nothing else changes"


def test_an_empty_registry_says_so_in_json(tmp_path: Path) -> None:
    done = call_raasid("retrain", *CHECK, "--json", f"paths.root={tmp_path}")

    assert done.returncode == 0, done.stderr
    found = last_line(done.stdout)
    assert found["verdict"] == "no_champion"
    assert [model["retraining"]["done"] for model in found["models"]] == ["nothing"]


def test_a_damaged_decision_is_named_and_left_out(root: Path, ball_season: Path) -> None:
    damaged = root / "decisions" / "ball_model" / "20261101-performance-0123456789ab.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{}\n")

    done = call_raasid(*RETRAIN, "retrain.dry_run=true", "--json", *at(root, ball_season))

    assert done.returncode == 0, done.stderr
    assert f"warning: left out: {damaged}: is no decision record" in done.stderr
    found = last_line(done.stdout)
    assert [str(damaged) in warning for warning in found["warnings"]] == [True]
    assert found["models"][0]["retraining"]["done"] == "dry_run"


def test_a_damaged_retraining_stops_its_own_model_alone(root: Path, ball_season: Path) -> None:
    damaged = root / "retrainings" / "pose_model" / f"{'0' * 64}.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{}\n")
    both = "models=[pose_model,ball_model]"

    done = call_raasid(*RETRAIN, both, "retrain.dry_run=true", "--json", *at(root, ball_season))

    assert done.returncode == 1
    assert (
        f"1 model was left out, for a damaged record:\n  pose_model: {damaged}: is no record" in done.stderr
    )
    assert "restore it, or delete it and its decision may be acted upon again" in done.stderr
    pose, ball = last_line(done.stdout)["models"]
    assert (pose["retraining"]["done"], ball["retraining"]["done"]) == ("damaged", "dry_run")
    assert str(damaged) in pose["error"]

    checked = call_raasid("check", *CHECK, both, *at(root, ball_season))
    assert checked.returncode == 1
    assert "verdict: retrain ball_model (immediate)" in checked.stdout


def test_a_training_that_asked_its_trigger_is_part_of_the_log(root: Path, ball_season: Path) -> None:
    words = (*LEAGUE, *NET, LONGER, "trigger=performance", *PERFORMANCE)
    done = call_raasid("train", *words, *at(root, ball_season))
    assert done.returncode == 0, done.stderr

    story = call_raasid("log", "--all", "--json", "--root", root)

    entries = json.loads(story.stdout)["entries"]
    steps = [entry["record"].get("step") for entry in entries if entry["kind"] == "retraining"]
    assert {"begin", "train", "registered", "end"} <= set(steps)
    registry = Registry(root / "registry")
    manifest = registry.versions("ball_model").manifest(registry.resolve("ball_model", "challenger"))
    (decided,) = (entry["record"] for entry in entries if entry["kind"] == "decision")
    assert manifest.reason == (
        f"performance asked for a retraining (immediate), decision {decided['digest'][:12]}"
    )
