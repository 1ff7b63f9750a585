"""The loop: a champion is checked, a retraining is asked for, done once, compared, and put in service."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from in_process import call_raasid
from killed_command import killed_before

from raasid.registry.fsck import fsck
from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore

LEAGUE = (
    "data=synthetic_tiny", "data.matches=12", "data.val_matches=2", "data.test_matches=5",
    "data.clips_per_match=2", "data.frames_per_clip=3",
)  # fmt: skip
NET = ("model.channels=4", "trainer.check_val_every_n_epoch=2", "data.samples_per_epoch=40")
TRAIN = (
    "retrain.train={ball_model: ["
    + ", ".join(f"'{w}'" for w in (*LEAGUE, *NET, "trainer.max_epochs=6"))
    + "]}"
)
CHECK = (
    *LEAGUE, "models=[ball_model]", "trigger.kinds=[performance]", "trigger.performance.min_matches=2",
)  # fmt: skip
GATE = ("deploy.gate.min_matches=2", "deploy.gate.margin=0.3", "deploy.gate.anchor_margin=0.3")


FREE = ("deploy.gate.limits.false_positives_per_minute=null",)
"""The poor champion predicts nothing, and so no ball that is none."""


def champion(root: Path) -> str:
    return str(Registry(root / "registry").alias("ball_model", "champion"))


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root whose ball champion is poor: one step of training."""
    root = tmp_path_factory.mktemp("season")
    done = call_raasid(
        "train", *LEAGUE, *NET, "trainer.max_epochs=1", "trainer.limit_train_batches=1", f"paths.root={root}"
    )
    assert done.returncode == 0, done.stderr
    registry = Registry(root / "registry")
    registry.set_alias("ball_model", "champion", registry.resolve("ball_model", "latest"), "the first")
    return root


@pytest.fixture
def root(season: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(season, tmp_path / "root"))


def at(root: Path, season: Path) -> list[str]:
    """Where a command writes; the rendered league is shared."""
    return [f"paths.root={root}", f"paths.data={season}/data"]


def test_an_empty_registry_has_nothing_to_check(tmp_path: Path) -> None:
    done = call_raasid("check", *LEAGUE, f"paths.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("verdict: there is no champion to check")


def test_the_same_check_writes_the_same_bytes_in_every_folder(
    root: Path, season: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(season, tmp_path / "another_root"))
    for folder in (root, other):
        done = call_raasid("check", *CHECK, *at(folder, season))
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "verdict: retrain ball_model (immediate)"
    (one,), (two,) = ((folder / "decisions").rglob("*.json") for folder in (root, other))
    assert one.name == two.name
    assert one.read_bytes() == two.read_bytes()
    record = json.loads(one.read_text())
    assert (record["verdict"], record["action"]) == ("fire", "immediate")
    assert set(record["inputs"]) == {"champion", "labels", "media"}


def test_a_poor_champion_is_retrained_once_and_replaced(root: Path, season: Path) -> None:
    words = ("retrain", *CHECK, *GATE, *FREE, TRAIN, *at(root, season))
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
    steps = [json.loads(line)["step"] for line in journal(root).read_text().splitlines()]
    assert steps == ["begin", "train", "registered", "gate", "champion", "end"]
    manifest = registry.versions("ball_model").manifest(registry.resolve("ball_model", "champion"))
    assert "init_from" in manifest.lineage["inputs"], "it starts from the champion"

    again = call_raasid(*words)
    assert again.returncode == 0, again.stderr
    assert "cools down for 1 days" in again.stdout
    assert registry.versions("ball_model").count() == 2


def test_a_challenger_that_the_gate_refuses_changes_nothing_but_the_records(root: Path, season: Path) -> None:
    """It finds balls, and for that gives false ones, of which the poor champion has none."""
    old = champion(root)
    done = call_raasid("retrain", *CHECK, *GATE, TRAIN, *at(root, season))
    assert done.returncode == 3, done.stderr
    reason = "refused by the gate: false_positives_per_minute rises from 0.000 to "
    assert done.stderr.splitlines()[-1].startswith(f"error: {reason}")
    assert champion(root) == old
    assert Registry(root / "registry").routes() is None
    (past,) = ClaimStore(root / "retrainings").history("ball_model")
    assert not past.promoted
    (verdict,) = (root / "retrainings").rglob("gate.json")
    assert not json.loads(verdict.read_text())["passed"]


def journal(root: Path) -> Path:
    (found,) = (root / "retrainings" / "ball_model" / "runs").glob("*/journal.jsonl")
    return found


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("*/last.ckpt", 2), ("*/gate.json", 1), ("*/aliases/champion/*.json", 1), ("*/ball_model/*.json", 1)],
)
def test_a_retraining_that_was_killed_is_continued_by_the_next_call(
    pattern: str, count: int, root: Path, season: Path
) -> None:
    words = ("retrain", *CHECK, *GATE, *FREE, TRAIN, *at(root, season))
    old = champion(root)
    pattern = f"{root}/retrainings{pattern[1:]}" if pattern.startswith("*/ball_model") else pattern
    assert killed_before(pattern, count, *words)
    if pattern != f"{root}/retrainings/ball_model/*.json":
        assert champion(root) == old

    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    registry = Registry(root / "registry")
    assert fsck(registry) == []
    assert registry.versions("ball_model").count() == 2
    assert champion(root) != old
    (past,) = ClaimStore(root / "retrainings").history("ball_model")
    assert past.promoted


def test_of_two_calls_at_once_one_retrains(root: Path, season: Path) -> None:
    command = [sys.executable, "-m", "raasid", "retrain", *CHECK, *GATE, *FREE, TRAIN, *at(root, season)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("is champion" in text for text in printed) == 1
    assert Registry(root / "registry").versions("ball_model").count() == 2


def test_a_training_asks_its_trigger_first(root: Path, season: Path, tmp_path: Path) -> None:
    schedule = tmp_path / "schedule.yaml"
    entry = "{schedule: monthly, trigger_threshold: %s, evaluation_metrics: [detection_rate]}"
    schedule.write_text(f"models: {{ball_model: {entry % '0.0'}}}\n")
    old = champion(root)
    words = (
        "train", *LEAGUE, *NET, "trainer.max_epochs=6", "trigger=performance", "deploy=local", *GATE, *FREE,
        "trigger.performance.min_matches=2", f"trigger.schedule={schedule}", *at(root, season),
    )  # fmt: skip
    held = call_raasid(*words)
    assert held.returncode == 0, held.stderr
    assert held.stdout.splitlines()[-1] == "verdict: nothing to do"
    assert champion(root) == old

    schedule.write_text(f"models: {{ball_model: {entry % '0.99'}}}\n")
    done = call_raasid(*words)
    assert done.returncode == 0, done.stderr
    assert champion(root) != old
