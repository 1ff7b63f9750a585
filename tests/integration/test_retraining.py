"""The loop: a champion is checked, a retraining is asked for, done once, compared, and put in service."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ball_season import CHECK, FREE, GATE, LEAGUE, NET, TRAIN, at, champion, journal_steps
from in_process import call_raasid

from raasid.registry.fsck import fsck
from raasid.registry.lineage import input_weights
from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore


@pytest.fixture
def root(ball_season: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ball_season, tmp_path / "root"))


def test_an_empty_registry_has_nothing_to_check(tmp_path: Path) -> None:
    done = call_raasid("check", *LEAGUE, f"paths.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("verdict: there is no champion to check")


def test_the_same_check_writes_the_same_bytes_in_every_folder(
    root: Path, ball_season: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(ball_season, tmp_path / "another_root"))
    for folder in (root, other):
        done = call_raasid("check", *CHECK, *at(folder, ball_season))
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "verdict: retrain ball_model (immediate)"
    (one,), (two,) = ((folder / "decisions").rglob("*.json") for folder in (root, other))
    assert one.name == two.name
    assert one.read_bytes() == two.read_bytes()
    record = json.loads(one.read_text())
    assert (record["verdict"], record["action"]) == ("fire", "immediate")
    assert set(record["inputs"]) == {"champion", "labels", "media"}


def test_a_poor_champion_is_retrained_once_and_replaced(root: Path, ball_season: Path) -> None:
    words = ("retrain", *CHECK, *GATE, *FREE, TRAIN, *at(root, ball_season))
    assert call_raasid(*words, "retrain.dry_run=true").returncode == 0
    old = champion(root)
    assert not (root / "retrainings").exists()

    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    registry = Registry(root / "registry")
    assert fsck(registry) == []
    assert champion(root) != old
    assert done.stdout.splitlines()[-1] == f"ball_model {champion(root)} is champion"
    table = registry.routes()
    assert table is not None
    assert [(route.name, route.version) for route in table.routes] == [("ball_model", champion(root))]
    (past,) = ClaimStore(root / "retrainings").history("ball_model")
    assert (past.champion, past.version, past.promoted) == (old, champion(root), True)
    assert journal_steps(root) == ["begin", "train", "registered", "gate", "champion", "end"]
    manifest = registry.versions("ball_model").manifest(registry.resolve("ball_model", "champion"))
    (begun_with,) = (i for i in input_weights(registry, manifest.lineage) if i.role == "init_from")
    assert str(begun_with.version) == f"ball_model {old}", (
        "it starts from the champion, and its lineage says so"
    )

    again = call_raasid(*words)
    assert again.returncode == 0, again.stderr
    assert "cools down for 1 day (retrain.limits.cooldown_days): it may be retrained from" in again.stdout
    assert 0 < past.gpu_hours < 0.5
    limits = {"cooldown_days": "0", "max_runs_per_week": "1", "max_gpu_hours": f"{past.gpu_hours / 2:.9f}"}
    held = call_raasid(*words, *(f"retrain.limits.{name}={value}" for name, value in limits.items()))
    assert held.returncode == 0, held.stderr
    (why,) = [line for line in held.stdout.splitlines() if line.startswith("ball_model: not now. ")]
    assert "1 retraining ended within seven days, and 1 is allowed" in why
    assert "GPU hours were used within seven days" in why
    assert why.count("the next may begin at ") == 2
    assert registry.versions("ball_model").count() == 2


def test_a_challenger_that_the_gate_refuses_changes_nothing_but_the_records(
    root: Path, ball_season: Path
) -> None:
    """It finds balls, and for that gives false ones, of which the poor champion has none."""
    old = champion(root)
    done = call_raasid("retrain", *CHECK, *GATE, TRAIN, *at(root, ball_season))
    assert done.returncode == 3, done.stderr
    reason = "refused by the gate: false_positives_per_minute rises from 0.000 to "
    assert done.stderr.splitlines()[-1].startswith(f"error: {reason}")
    assert champion(root) == old
    assert Registry(root / "registry").routes() is None
    (past,) = ClaimStore(root / "retrainings").history("ball_model")
    assert not past.promoted
    (verdict,) = (root / "retrainings").rglob("gate.json")
    assert not json.loads(verdict.read_text())["passed"]


def test_a_training_asks_its_trigger_first(root: Path, ball_season: Path, tmp_path: Path) -> None:
    schedule = tmp_path / "schedule.yaml"
    entry = "{schedule: monthly, trigger_threshold: %s, evaluation_metrics: [detection_rate]}"
    schedule.write_text(f"models: {{ball_model: {entry % '0.0'}}}\n")
    old = champion(root)
    words = (
        "train", *LEAGUE, *NET, "trainer.max_epochs=6", "trigger=performance", "deploy=local", *GATE, *FREE,
        "trigger.performance.min_matches=2", f"trigger.schedule={schedule}", *at(root, ball_season),
    )  # fmt: skip
    held = call_raasid(*words)
    assert held.returncode == 0, held.stderr
    assert held.stdout.splitlines()[-1] == "verdict: nothing to do"
    assert champion(root) == old

    schedule.write_text(f"models: {{ball_model: {entry % '0.99'}}}\n")
    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    assert champion(root) != old


def test_what_only_an_earlier_check_asked_for_is_not_done(
    root: Path, ball_season: Path, tmp_path: Path
) -> None:
    """Its labels may have been mended since: what is asked for without a slot, each check asks for anew."""
    schedule = tmp_path / "schedule.yaml"
    entry = "{schedule: monthly, trigger_threshold: 0.0, evaluation_metrics: [detection_rate]}"
    schedule.write_text(f"models: {{ball_model: {entry}}}\n")
    checked = call_raasid("check", *CHECK, *at(root, ball_season))
    assert checked.stdout.splitlines()[-1] == "verdict: retrain ball_model (immediate)"
    done = call_raasid(
        "retrain", *CHECK, *GATE, *FREE, TRAIN, f"trigger.schedule={schedule}", *at(root, ball_season)
    )
    assert done.stdout.splitlines()[-1] == "verdict: nothing to do", done.stderr
    assert not (root / "retrainings").exists()
