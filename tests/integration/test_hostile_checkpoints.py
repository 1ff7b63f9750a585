"""A checkpoint that names code to run is refused by every verb that loads one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from integration_runs import RunCli, Trained
from untrained import checkpoint

from raasid.errors import CheckpointUnusable
from raasid.pipeline.adapters.context import LazyPerception
from raasid.pipeline.upstream_models import UpstreamModel

MODELS = ("ball", "pose", "context")


@pytest.fixture
def evil(tmp_path: Path) -> str:
    """A checkpoint of plain values whose recorded model is a shell command."""
    model = {"_target_": "subprocess.getoutput", "cmd": f"touch {tmp_path / 'ran'}"}
    path = tmp_path / "evil.ckpt"
    torch.save({"state_dict": {}, "config": {"model": model, "data": {"size": [64, 64]}, "seed": 1}}, path)
    return str(path)


def refused(call_cli: RunCli, evil: str, *words: str) -> None:
    done = call_cli(*words)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(
        f"error: {evil}: model._target_: 'subprocess.getoutput' is no model of this"
    )
    assert not Path(evil).with_name("ran").exists()


def test_measuring_comparing_and_exporting_run_nothing(
    call_cli: RunCli, evil: str, league: list[str]
) -> None:
    refused(call_cli, evil, "evaluate", f"ckpt_path={evil}")
    refused(call_cli, evil, "evaluate", f"ckpt_path={evil}", "model=ball_heatmap")
    refused(call_cli, evil, "evaluate", "model=context_majority", f"against={evil}")
    refused(call_cli, evil, "export", f"ckpt_path={evil}")


@pytest.mark.parametrize("role", MODELS)
def test_a_review_runs_nothing_in_any_role(call_cli: RunCli, evil: str, role: str, tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "a.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    roles = {task: evil if task == role else checkpoint(tmp_path, task) for task in MODELS}
    refused(
        call_cli,
        evil,
        "review",
        f"source={tmp_path / 'a.mp4'}",
        *(f"{task}={path}" for task, path in roles.items()),
    )


@pytest.mark.parametrize("role", ["ball", "pose"])
def test_the_detectors_of_a_context_model_run_nothing(evil: str, role: str, tmp_path: Path) -> None:
    files = {task: Path(evil) if task == role else checkpoint(tmp_path, task) for task in ("ball", "pose")}
    ball, pose = (UpstreamModel(task, file) for task, file in files.items())
    with pytest.raises(CheckpointUnusable, match="is no model of this program"):
        _ = LazyPerception(ball, pose, tmp_path).perception
    assert not (tmp_path / "ran").exists()


def test_a_class_of_the_users_own_is_measured_and_exported_where_it_is_named(
    call_cli: RunCli, trained: Trained, league: list[str], tmp_path: Path
) -> None:
    held = torch.load(trained.run / "checkpoints/best.ckpt", weights_only=True)
    held["config"]["model"]["_target_"] = "own_models.OwnBall"
    torch.save(held, tmp_path / "own.ckpt")
    own, named, data = f"ckpt_path={tmp_path / 'own.ckpt'}", "+model._target_=own_models.OwnBall", league[-1]

    unnamed = call_cli("evaluate", own, "data=synthetic_tiny", data)
    assert (unnamed.returncode, unnamed.stderr.rstrip()[-len(named) :]) == (2, named)
    measured = call_cli(
        "evaluate", own, named, "data=synthetic_tiny", data, f"against={tmp_path / 'own.ckpt'}"
    )
    assert measured.returncode == 0, measured.stderr
    assert "detection_rate" in measured.stdout
    exported = call_cli("export", own, named, data)
    assert exported.returncode == 0, exported.stderr


def test_a_model_section_that_no_checkpoint_has_is_refused(call_cli: RunCli, trained: Trained) -> None:
    best = trained.run / "checkpoints/best.ckpt"
    done = call_cli("evaluate", f"ckpt_path={best}", "model=context_majority", "data=synthetic_tiny")
    assert done.returncode == 2
    assert "model: ContextMajority is not what is measured; leave it out" in done.stderr
