"""Every shipped preset is composed, validated and run for a few steps."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch.distributed as dist

from raasid.config.compose import compose
from raasid.errors import UsageError
from raasid.footage.formats import IMPORT_FORMATS, yolo
from raasid.footage.store import DatasetStore
from raasid.pipeline.verb_configs import TrainConfig
from raasid.registry.names import CHAMPION, LATEST
from raasid.registry.registry import Registry
from raasid.triggers.decision_store import DecisionStore

CONF = Path(__file__).resolve().parents[2] / "conf"
NO_PRESETS = {"paths", "local", "law"}
"""Groups that training does not have, or whose only member is the default; `law` is run by test_relabel."""
PRESETS = sorted(
    (file.parent.name, file.stem) for file in CONF.glob("*/[!_]*.yaml") if file.parent.name not in NO_PRESETS
)
READ_ELSEWHERE = {("data", name) for name in IMPORT_FORMATS} - {("data", "yolo")}
"""Formats whose presets are run by test_formats: their samples are labels without images."""
MEASURED_ONLY = {("model", "pose_mediapipe"), ("model", "context_geometry"), ("model", "context_majority")}
"""Models that are never trained; test_pose_mediapipe and test_context_evaluation measure them."""
ASKS_FIRST = {preset for preset in PRESETS if preset[0] == "trigger"} - {("trigger", "none")}
"""Presets with which a training depends on the champion."""
NEEDS_GPU = {("trainer", "gpu"), ("trainer", "fsdp")}
SMALL = [
    "data.size=[96,64]", "data.crop=64", "data.batch_size=4", "data.samples_per_epoch=4",
    "trainer.max_epochs=1", "trainer.limit_val_batches=1", "trainer.limit_test_batches=1",
]  # fmt: skip
NARROW = {
    ("model", "ball_yolo"): [],
    ("model", "pose_topdown"): ["model.channels=8", "model.joint_channels=8"],
    ("model", "pose_yolo"): [],
    ("model", "context_transformer"): ["model.width=16", "model.layers=1", "data.scenario_share=1"],
    ("experiment", "pose"): ["model.channels=8", "model.joint_channels=8", "data.people.window=null"],
    ("experiment", "context"): [
        "model.width=16",
        "model.layers=1",
        "data.tracks.extra_clips=0",
        "data.tracks.calibration_clips=0",
    ],
}
"""Overrides that shrink the net of a preset other than the default, and its required options."""
LEAGUE = ["data.matches=3", "data.val_matches=1", "data.test_matches=1", "data.clips_per_match=1"]


@pytest.fixture(scope="module")
def yolo_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("yolo")
    rng = np.random.default_rng(0)
    for number in range(9):
        split = "val" if number > 6 else "train"
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(
            str(root / f"images/{split}/img_{number}.jpg"), rng.integers(0, 255, (64, 96, 3), np.uint8)
        )
        (root / f"labels/{split}/img_{number}.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [ball]\n")
    return root


def overrides(group: str, name: str, yolo_set: Path) -> list[str]:
    """The shortest command that runs a preset, in about a second."""
    given = [f"{group}={name}", *SMALL, *NARROW.get((group, name), ["model.channels=4"])]
    if (group, name) == ("data", "yolo"):
        return [*given, f"data.root={yolo_set}", "data.league.matches=2", "data.league.clips_per_match=1"]
    if (group, name) == ("data", "store"):
        version = DatasetStore(yolo_set.parent / "store").add("set", yolo.read(yolo_set), made_by="a test")
        options = [f"data.root={yolo_set.parent / 'store'}", f"data.dataset={version.ref}"]
        return [*given, *options, "data.league=null"]
    given += LEAGUE
    if (group, name) == ("debug", "overfit"):
        given.remove("data.samples_per_epoch=4")
    return given


@pytest.fixture(autouse=True)
def own_process_group() -> Iterator[None]:
    """Destroy the process group of a distributed preset and its address: other tests start processes."""
    before = dict(os.environ)
    yield
    if dist.is_initialized():
        dist.destroy_process_group()
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize(
    ("group", "name"), [p for p in PRESETS if p not in READ_ELSEWHERE | MEASURED_ONLY | ASKS_FIRST]
)
def test_a_preset_trains(
    group: str, name: str, yolo_set: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from raasid.pipeline.train import train

    data = tmp_path_factory.getbasetemp() / "preset_league"
    cfg = compose(
        "train",
        TrainConfig,
        [*overrides(group, name, yolo_set), f"paths.root={tmp_path}", f"paths.data={data}"],
    )
    run = tmp_path / "run"
    run.mkdir()
    if (group, name) in NEEDS_GPU:
        with pytest.raises(UsageError, match="this machine has 0 GPUs"):
            train(cfg, run)
        return
    train(cfg, run)
    assert (run / "report.html").is_file()


@pytest.fixture(scope="module")
def registry_with_champion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry whose ball champion is of one step of training."""
    from raasid.pipeline.train import train

    root = tmp_path_factory.mktemp("champion")
    data = tmp_path_factory.getbasetemp() / "preset_league"
    small = [*SMALL, *LEAGUE, "model.channels=4", f"paths.root={root}", f"paths.data={data}"]
    (root / "run").mkdir()
    train(compose("train", TrainConfig, small), root / "run")
    registry = Registry(root / "registry")
    registry.set_alias("ball_model", CHAMPION, registry.resolve("ball_model", LATEST), "the first")
    return registry.root


@pytest.mark.parametrize("name", sorted(name for _, name in ASKS_FIRST))
def test_a_trigger_decides_about_the_champion_before_a_training(
    name: str, registry_with_champion: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from raasid.pipeline.train import train

    shutil.copytree(registry_with_champion, tmp_path / "registry")
    data = tmp_path_factory.getbasetemp() / "preset_league"
    small = [*SMALL, *LEAGUE, "model.channels=4", f"paths.root={tmp_path}", f"paths.data={data}"]
    cfg = compose("train", TrainConfig, [f"trigger={name}", "deploy=local", *small])
    run = tmp_path / "run"
    run.mkdir()
    train(cfg, run)
    stored = [each.decision for each in DecisionStore(cfg.paths.decisions).newest_first("ball_model")]
    assert cfg.trigger is not None
    assert {decision.trigger for decision in stored} == set(cfg.trigger.kinds)
    asked = any(decision.verdict == "fire" for decision in stored)
    assert (run / "report.html").is_file() == asked
