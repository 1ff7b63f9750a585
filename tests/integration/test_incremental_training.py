"""A champion of rainy matches meets snow and an orange ball: it learns that, and must not forget the rest."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from in_process import call_raasid

from raasid.footage.store import DatasetStore
from raasid.registry.registry import Registry
from raasid.triggers.claims import ClaimStore

LEAGUE = (
    "data=synthetic_shift", "data.matches=19", "data.val_matches=1", "data.test_matches=10",
    "data.clips_per_match=3", "data.frames_per_clip=1", "data.size=[320,184]", "data.eval_scale=1.0",
    "data.ball_px=28",
)  # fmt: skip
RAIN = (*LEAGUE, "data.shift=rain", "data.shift_intensity=1", "data.league_seed=3")
SNOW = (*LEAGUE, "data.shift=snow", "data.shift_intensity=3", "data.league_seed=4")
OLD, NEW = "shift_rain_1", "shift_snow_3"
NET = (
    "data.crop=96", "data.batch_size=16", "data.ball_crops=0.8", "data.samples_per_epoch=2200",
    "data.augment.zoom=0.2", "data.augment.blur=0", "data.augment.noise=0", "data.augment.brightness=0",
    "data.augment.contrast=0", "data.augment.color=0", "model.channels=8", "model.max_false_positives=5",
    "optimizer=muon",
)  # fmt: skip
"""The threshold lets every answer pass: three frames to validate on are too few to find a better one."""
ANSWERS_ALWAYS = "deploy.gate.limits.false_positives_per_minute=null"


def training(epochs: int, rate: float) -> tuple[str, ...]:
    length = f"trainer.max_epochs={epochs}", f"trainer.check_val_every_n_epoch={epochs}"
    return *NET, *length, f"optimizer.lr={rate}"


FURTHER = training(1, 0.02)
"""Three tenths of this rate, as `retrain.incremental` has it, are the rate of the first training."""


def champion(root: Path) -> str:
    return str(Registry(root / "registry").alias("ball_model", "champion"))


@pytest.fixture(scope="module")
def rainy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root whose ball champion has seen nothing but rain."""
    root = tmp_path_factory.mktemp("rainy")
    done = call_raasid("train", *RAIN, *training(3, 0.006), f"paths.root={root}")
    assert done.returncode == 0, done.stderr
    registry = Registry(root / "registry")
    registry.set_alias("ball_model", "champion", registry.resolve("ball_model", "latest"), "the first")
    return root


@pytest.fixture
def root(rainy: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(rainy, tmp_path / "root", ignore=shutil.ignore_patterns("data")))


def at(root: Path, rainy: Path) -> list[str]:
    """Where a command writes; the rendered leagues are shared."""
    return [f"paths.root={root}", f"paths.data={rainy}/data"]


def gate_rows(root: Path) -> dict[str, dict[str, Any]]:
    """The verdict's rows of tags."""
    (file,) = (root / "retrainings").rglob("gate.json")
    return {row["tag"]: row for row in json.loads(file.read_text())["rows"] if row["rule"] == "tag"}


def test_without_replay_the_gate_refuses_and_names_what_is_forgotten(rainy: Path, root: Path) -> None:
    old, words = champion(root), ", ".join(f"'{word}'" for word in (*SNOW, *FURTHER))
    done = call_raasid(
        "retrain", *SNOW, "trigger=new_scenarios", "models=[ball_model]",
        f"retrain.train={{ball_model: [{words}]}}", "retrain.incremental.replay=0", ANSWERS_ALWAYS,
        *at(root, rainy),
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert f"was trained without '{NEW}'" in done.stdout
    refused = {tag: row for tag, row in gate_rows(root).items() if not row["passes"]}
    assert OLD in refused
    assert refused[OLD]["finding"] == "worse"
    assert any(OLD in line and "worse: refused" in line for line in done.stdout.splitlines())
    assert champion(root) == old


def test_footage_without_the_new_situation_is_refused_before_anything_is_trained(
    rainy: Path, root: Path
) -> None:
    words = ", ".join(f"'{word}'" for word in (*RAIN, *FURTHER))
    done = call_raasid(
        "retrain", *SNOW, "trigger=new_scenarios", "models=[ball_model]",
        f"retrain.train={{ball_model: [{words}]}}", *at(root, rainy),
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: the footage to train on has no training clip with")
    assert Registry(root / "registry").versions("ball_model").count() == 1


def test_with_replay_it_learns_snow_and_keeps_rain(rainy: Path, root: Path) -> None:
    old = champion(root)
    done = call_raasid(
        "train", *SNOW, *FURTHER, "trigger=new_scenarios", "deploy=local", ANSWERS_ALWAYS,
        *at(root, rainy),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = gate_rows(root)
    assert rows[NEW]["finding"] == "better"
    assert rows[OLD]["passes"]
    assert rows[OLD]["challenger"] > rows[OLD]["champion"] / 2
    assert champion(root) != old

    (past,) = ClaimStore(root / "retrainings").history("ball_model")
    assert (past.action, past.champion, past.version) == ("incremental", old, champion(root))
    (joined,) = DatasetStore(root / "store").versions()
    assert joined.name == f"retrain-ball_model-{past.decision[:12]}"
    registry = Registry(root / "registry")
    manifest = registry.versions("ball_model").manifest(registry.resolve("ball_model", "champion"))
    assert manifest.lineage["data"]["dataset_sha256"] == joined.digest
    assert "init_from" in manifest.lineage["inputs"], "it starts from the champion"
    assert manifest.config["optimizer"]["lr"] == pytest.approx(0.006)
    (journal,) = (root / "retrainings").rglob("journal.jsonl")
    assert [json.loads(line)["step"] for line in journal.read_text().splitlines()] == [
        "begin", "plan", "train", "registered", "gate", "champion", "end",
    ]  # fmt: skip

    again = call_raasid("check", *SNOW, "trigger=new_scenarios", "models=[ball_model]", *at(root, rainy))
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[-1] == "verdict: nothing to do"
