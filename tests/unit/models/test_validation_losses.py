"""The loss of a validation is the training loss in evaluation mode, and detections are those without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from raasid.datasets.ball.dataset import BallBatch
from raasid.datasets.pose.batch import PoseBatch
from raasid.models.ball.heatmap import BallHeatmap
from raasid.models.ball.module import BallModule
from raasid.models.ball.yolo import BallYolo
from raasid.models.pose.top_down import PoseTopDown

NET = """
nc: 80
end2end: {end2end}
reg_max: 1
backbone:
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
head:
  - [[2], 1, Detect, [nc]]
"""


@pytest.fixture(params=["heatmap", "end-to-end", "one-to-many"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> BallModule:
    torch.manual_seed(0)
    if request.param == "heatmap":
        return BallHeatmap(channels=4, mirror=True, scales=(0.5,))
    (tmp_path / "net.yaml").write_text(NET.format(end2end=request.param == "end-to-end"))
    return BallYolo(str(tmp_path / "net.yaml"))


@torch.no_grad()
def test_one_pass_gives_the_detections_and_losses_of_two(model: BallModule) -> None:
    images = torch.randint(0, 255, (2, 64, 96, 3), dtype=torch.uint8)
    balls = torch.tensor([[[20.0, 30, 12, 12]], [[70.0, 20, 16, 16]]])
    batch = BallBatch(images, balls, torch.ones(2, 1, dtype=torch.bool), torch.ones(2), ())
    model.eval()
    detections, losses = model.detect_with_losses(batch)
    alone = model.losses(batch)
    assert {k: float(v) for k, v in losses.items()} == pytest.approx({k: float(v) for k, v in alone.items()})
    assert all(np.isfinite(float(term)) for term in losses.values())
    for shared, separate in zip(detections, model.detect(images), strict=True):
        assert np.array_equal(shared.xy, separate.xy)
        assert np.array_equal(shared.score, separate.score)


@torch.no_grad()
def test_frames_with_and_without_people_have_a_finite_pose_loss() -> None:
    torch.manual_seed(0)
    model = PoseTopDown(channels=8, joint_channels=8, crop=(32, 64)).eval()
    images = torch.randint(0, 255, (2, 96, 128, 3), dtype=torch.uint8)
    boxes = np.array([[20.0, 10, 60, 90]], np.float32)
    keypoints = np.full((1, 17, 3), 40.0, np.float32)
    keypoints[:, :, 2] = 2
    no_people = np.zeros((0, 4), np.float32), np.zeros((0, 17, 3), np.float32), np.zeros(0, bool)
    some = PoseBatch(
        images,
        (boxes, no_people[0]),
        (keypoints, no_people[1]),
        torch.ones(2),
        (),
        (np.zeros(1, bool), no_people[2]),
    )
    none = PoseBatch(images[1:], (no_people[0],), (no_people[1],), torch.ones(1), (), (no_people[2],))
    assert set(model.validation_losses(some)) == {"heat", "box", "place", "presence", "seen"}
    assert set(model.validation_losses(none)) == {"heat", "box"}
    for batch in (some, none):
        assert all(np.isfinite(float(term)) for term in model.validation_losses(batch).values())
