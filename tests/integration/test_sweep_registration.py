"""The best trial of a study is tested and registered: once, whatever ends the process that does it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from in_process import call_raasid
from killed_command import killed_before

from raasid.registry.fsck import fsck
from raasid.registry.outbox import Outbox
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry

SWEEP = (
    "debug=limit", "register=true", "data.samples_per_epoch=20", "trainer.limit_train_batches=2",
    "optimizer.lr=choice(1e-9,0.02)", "hydra/sweeper/sampler=grid",
    "optimized_metric=val/loss", "hydra.sweeper.direction=minimize",
)  # fmt: skip
"""Two trials, of which the second has learnt something."""


def words(league: list[str], root: Path, *more: str) -> list[str]:
    kept = [word for word in league if not word.startswith("register=")]
    return ["sweep", *kept, *SWEEP, f"paths.root={root}", *more]


def versions(root: Path) -> list[Manifest]:
    """All versions, the oldest first."""
    registry = Registry(root / "registry")
    assert fsck(registry) == []
    history = registry.versions("ball_model")
    return [history.manifest(version) for version in reversed(list(history.newest_first()))]


def only_sweep(root: Path) -> Path:
    (sweep,) = (root / "logs/sweep").iterdir()
    return sweep


def test_a_study_registers_its_best_and_a_better_one_when_it_goes_on(
    league: list[str], tmp_path: Path
) -> None:
    first = call_raasid(*words(league, tmp_path, "hydra.sweeper.n_trials=1"))
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1].startswith("registered ball_model v")
    again = call_raasid(*words(league, tmp_path, "hydra.sweeper.n_trials=1"))
    assert again.returncode == 0, again.stderr
    assert "the best: was registered before, as ball_model v" in again.stdout
    assert len(versions(tmp_path)) == 1

    longer = call_raasid(*words(league, tmp_path))
    assert longer.returncode == 0, longer.stderr
    sweep, (before, better) = only_sweep(tmp_path), versions(tmp_path)
    registry = Registry(tmp_path / "registry")
    assert str(registry.alias("ball_model", "challenger")) == better.version
    study = better.lineage["study"]
    assert study.pop("value") < before.lineage["study"]["value"]
    assert study == {
        "name": sweep.name,
        "storage": str(sweep / "study.journal"),
        "trials": 2,
        "trial": 1,
        "metric": "val/loss",
        "direction": "minimize",
        "params": {"optimizer.lr": 0.02},
    }
    assert better.reason == f"trial 1, the best of the 2 of study {sweep.name}"
    assert better.metrics["detection_rate"].value is not None
    assert (sweep / "1/report.html").is_file()
    newest = json.loads((tmp_path / "logs/newest/ball.json").read_text())["checkpoint"]
    assert newest == str(sweep / "1/checkpoints/best.ckpt"), "no other trial counts as a trained model"

    shown = call_raasid("registry", "--registry", registry.root, "show", "ball_model", "challenger")
    assert f"{sweep.name}, trial 1 of 2" in shown.stdout
    use = ("train", "--config-dir", str(sweep), "experiment=best", "--cfg", "job")
    composed = yaml.safe_load(call_raasid(*use).stdout)
    assert (composed["optimizer"]["lr"], composed["optimized_metric"]) == (0.02, "val/loss")
    assert composed["model"]["channels"] == 4


def test_nothing_is_registered_while_debugging_or_without_a_checkpoint(
    league: list[str], tmp_path: Path
) -> None:
    sweep = words(league, tmp_path, "hydra.sweeper.n_trials=1")
    debugged = [word for word in sweep if word != "register=true"]
    done = call_raasid(*debugged)
    assert done.returncode == 0, done.stderr
    assert "the best: is not registered, because of register=false" in done.stdout
    (only_sweep(tmp_path) / "0/checkpoints/best.ckpt").unlink()
    done = call_raasid(*debugged, "hydra.sweeper.study_name=" + only_sweep(tmp_path).name, "register=true")
    assert done.returncode == 0, done.stderr
    assert "the best: is not registered, because there is no " in done.stdout
    assert not (tmp_path / "registry/models").exists()


@pytest.fixture(scope="module")
def tested(league: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a sweep with W&B, offline, that was killed when its best trial was tested."""
    root = tmp_path_factory.mktemp("tested")
    assert killed_before("*/report.html", 1, *words(league, root, "logger=wandb"))
    assert not (root / "registry/models").exists()
    return root


def test_a_registration_that_is_killed_again_and_again_makes_one_version(
    league: list[str], tested: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(tested, tmp_path / "root"))
    command = words(league, root, "logger=wandb")
    for pattern, count in (
        ("*/versions/*/manifest.json", 1),
        ("*/aliases/challenger/*.json", 1),
        ("*/outbox/entries/*.json", 2),
        ("*/sweep/*/1/run.json", 2),
    ):
        assert killed_before(pattern, count, *command), f"it ended before {pattern}"
    done = call_raasid(*command)
    assert done.returncode == 0, done.stderr
    (version,) = versions(root)
    queued = [entry.message for entry in Outbox(Registry(root / "registry")).entries()]
    assert [message.kind for message in queued] == ["run", "artifact", "artifact"]
    record = json.loads((only_sweep(root) / "1/run.json").read_text())
    assert record["version"] == f"ball_model {version.version}"


def test_of_two_machines_that_end_a_sweep_at_once_one_registers(
    league: list[str], tested: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(tested, tmp_path / "root"))
    command = [sys.executable, "-m", "raasid", *words(league, root, "logger=wandb")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("registered ball_model" in text for text in printed) == 1
    assert len(versions(root)) == 1
