"""Ball and pose models as perception loads them from checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raasid.errors import CheckpointUnusable
from raasid.footage.records import Frame
from raasid.models.ball.heatmap import BallHeatmap
from raasid.models.module import TaskModule
from raasid.models.pose.top_down import PoseTopDown
from raasid.perception.tracker import load_perception

BALL = {"_target_": "raasid.models.ball.heatmap.BallHeatmap", "channels": 4, "threshold": "auto"}
POSE = {"_target_": "raasid.models.pose.top_down.PoseTopDown", "channels": 8, "joint_channels": 8}


def save(path: Path, module: TaskModule, model: dict[str, Any], eval_scale: float = 1.0) -> Path:
    """Write the parts of a `raasid train` checkpoint that perception reads."""
    checkpoint: dict[str, Any] = {"state_dict": module.state_dict()}
    module.config = {"model": model, "data": {"size": [128, 72], "eval_scale": eval_scale}}
    module.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, path)
    return path


@pytest.fixture
def checkpoints(tmp_path: Path) -> tuple[Path, Path]:
    torch.manual_seed(0)
    ball = BallHeatmap(channels=4)
    ball.operating_threshold = 0.37
    return (
        save(tmp_path / "ball.ckpt", ball, BALL, eval_scale=1.5),
        save(tmp_path / "pose.ckpt", PoseTopDown(channels=8, joint_channels=8), POSE),
    )


def test_sizes_and_thresholds_come_from_the_checkpoints(checkpoints: tuple[Path, Path]) -> None:
    pipeline = load_perception(*checkpoints)
    assert pipeline.ball.size == (192, 108)
    assert pipeline.pose.size == (128, 72)
    assert pipeline.ball.module.operating_threshold == 0.37
    assert not pipeline.ball.module.training
    image = np.full((360, 640, 3), 80, np.uint8)
    frames = pipeline.track([image] * 3, [Frame(t, Path("none"), 640, 360) for t in range(3)])
    assert [frame.index for frame in frames] == [0, 1, 2]


def test_the_name_depends_on_the_content_and_not_on_the_path(
    checkpoints: tuple[Path, Path], tmp_path: Path
) -> None:
    ball, pose = checkpoints
    name = load_perception(ball, pose).name
    (tmp_path / "copy.ckpt").write_bytes(ball.read_bytes())
    assert load_perception(tmp_path / "copy.ckpt", pose).name == name
    other = BallHeatmap(channels=4)
    other.operating_threshold = 0.37
    assert load_perception(save(tmp_path / "other.ckpt", other, BALL, 1.5), pose).name != name
    module = BallHeatmap(channels=4)
    module.load_state_dict(torch.load(ball, weights_only=True)["state_dict"])
    module.operating_threshold = 0.5
    assert load_perception(save(tmp_path / "stricter.ckpt", module, BALL, 1.5), pose).name != name


def test_checkpoints_in_the_wrong_order_are_refused(checkpoints: tuple[Path, Path]) -> None:
    with pytest.raises(CheckpointUnusable, match="holds a PoseTopDown; a ball model is needed here"):
        load_perception(*checkpoints[::-1])


def test_a_missing_or_incomplete_file_is_refused(checkpoints: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnusable, match="no such checkpoint"):
        load_perception(tmp_path / "none.ckpt", checkpoints[1])
    torch.save({"state_dict": {}}, tmp_path / "bare.ckpt")
    with pytest.raises(CheckpointUnusable, match="holds no configuration"):
        load_perception(checkpoints[0], tmp_path / "bare.ckpt")
