"""The YOLO ball model: the library's loss, our batches, one kind of detections."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from raasid.datasets.ball.dataset import BallBatch
from raasid.models.ball.yolo import BallYolo
from raasid.models.yolo import loss as yolo_loss
from raasid.models.yolo.loss import DetectionLoss
from raasid.models.yolo.net import build_net


def batch_of(balls: list[list[list[float]]], height: int = 64, width: int = 96) -> BallBatch:
    """Noise with up to two balls per image."""
    torch.manual_seed(0)
    rows = torch.zeros(len(balls), 2, 4)
    present = torch.zeros(len(balls), 2, dtype=torch.bool)
    for i, in_image in enumerate(balls):
        for j, ball in enumerate(in_image):
            rows[i, j], present[i, j] = torch.tensor(ball), True
    images = torch.randint(0, 255, (len(balls), height, width, 3), dtype=torch.uint8)
    return BallBatch(images, rows, present, torch.ones(len(balls)), ())


TINY = """
nc: 80
end2end: True
reg_max: 1
backbone:
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
head:
  - [[2], 1, Detect, [nc]]
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A net of three layers and an end-to-end head, at stride 8."""
    file = tmp_path_factory.mktemp("net") / "tiny.yaml"
    file.write_text(TINY)
    return str(file)


BALLS = [[[20.0, 30, 12, 12]], [[70.0, 20, 16, 16], [10.0, 50, 16, 16]], [], [[48.0, 32, 40, 40]]]


@pytest.mark.parametrize("net", ["yolo26n.yaml", "yolo11n.yaml"])
def test_the_loss_is_the_librarys_own_over_the_batch_size(net: str) -> None:
    torch.manual_seed(0)
    model, batch = BallYolo(net), batch_of(BALLS)
    ours = model.losses(batch)
    boxes = torch.tensor([ball for in_image in BALLS for ball in in_image]) / torch.tensor([96.0, 64, 96, 64])
    target = {
        "img": batch.images.permute(0, 3, 1, 2).float() / 255,
        "batch_idx": torch.tensor([0.0, 1, 1, 3]),
        "cls": torch.zeros(4),
        "bboxes": boxes,
    }
    theirs, _ = model.net.loss(target)
    torch.testing.assert_close(torch.stack(list(ours.values())), theirs / 4, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("net", ["yolo26n.yaml", "yolo11n.yaml"])
def test_the_mean_over_ranks_is_the_loss_of_the_global_batch(
    net: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    model, batch = build_net(net), batch_of(BALLS)
    predictions = model(batch.images.permute(0, 3, 1, 2).float() / 255)
    loss = DetectionLoss(model)
    whole = loss(predictions, batch.balls, batch.present, (96, 64))
    shares = [slice(0, None, 2), slice(1, None, 2)]
    ranks = [(part_of(predictions, s), batch.balls[s], batch.present[s], (96, 64)) for s in shares]
    sums: list[list[float]] = []
    for rank in ranks:
        loss(*rank)
        sums.append([float(watch._sum) for watch in loss._probes.values()])
    totals = [a + b for a, b in zip(*sums, strict=True)]
    assert min(totals) > 0
    calls = iter(totals * 2)
    monkeypatch.setattr(yolo_loss.dist, "is_initialized", lambda: True)
    monkeypatch.setattr(yolo_loss.dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(yolo_loss.dist, "all_reduce", lambda tensor: tensor.fill_(next(calls)))
    parts = [loss(*rank) for rank in ranks]
    for name, value in whole.items():
        torch.testing.assert_close((parts[0][name] + parts[1][name]) / 2, value, rtol=1e-4, atol=1e-6)


def part_of(predictions: Any, share: slice) -> Any:
    """Predictions of some of the images."""
    if isinstance(predictions, dict):
        return {name: part_of(value, share) for name, value in predictions.items()}
    return [p[share] for p in predictions] if isinstance(predictions, list) else predictions[share]


def test_images_without_a_ball_have_a_gradient(tiny: str) -> None:
    model = BallYolo(tiny)
    loss = torch.stack(list(model.losses(batch_of([[], []])).values())).sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)


def test_the_weights_of_the_two_heads_move_as_the_library_moves_them() -> None:
    net = build_net("yolo26n.yaml")
    loss, theirs = DetectionLoss(net), net.init_criterion()  # type: ignore[operator]
    for epoch in range(5):
        loss.at_epoch(epoch, epochs=5)
        assert (loss.criterion.o2m, loss.criterion.o2o) == (theirs.o2m, theirs.o2o)
        theirs.update()
    loss.at_epoch(2, epochs=5)
    assert loss.criterion.o2m == pytest.approx(0.45)


def test_some_steps_on_one_image_lower_its_loss(tiny: str) -> None:
    torch.manual_seed(0)
    model, batch = BallYolo(tiny), batch_of([[[32.0, 32, 24, 24]]] * 2, 64, 64)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    values = []
    for _ in range(30):
        loss = torch.stack(list(model.losses(batch).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(float(loss.detach()))
    assert values[-1] < 0.7 * values[0]


class FixedOutput(nn.Module):
    """A net with a fixed output; `model[-1]` is its head, as in the library's nets."""

    def __init__(self, answer: torch.Tensor, end2end: bool) -> None:
        super().__init__()
        self.answer, self.model = answer, [self]
        self.end2end = end2end

    def forward(self, x: torch.Tensor) -> Any:
        self.input_shape = x.shape
        return self.answer, {}


def test_end_to_end_output_becomes_centres_and_sizes(tiny: str) -> None:
    model = BallYolo(tiny)
    model.net = FixedOutput(
        torch.tensor([[[10.0, 20, 16, 28, 0.9, 0], [0, 0, 4, 4, 0.5, 0], [9, 9, 9, 9, 0.0, 0]]]), True
    )
    found = model.detect(torch.zeros(1, 45, 77, 3, dtype=torch.uint8))[0]
    assert model.net.input_shape == (1, 3, 48, 80)
    assert found.xy.tolist() == [[13, 24], [2, 2]]
    assert found.wh.tolist() == [[6, 8], [4, 4]]
    assert np.allclose(found.score, [0.9, 0.5])


def test_other_output_is_suppressed_first(tiny: str) -> None:
    model = BallYolo(tiny, max_detections=2)
    rows = [
        [13.0, 24, 6, 8, 0.6],
        [13.1, 24, 6, 8, 0.9],
        [2, 2, 4, 4, 0.2],
        [40, 40, 4, 4, 0.1],
        [5, 5, 1, 1, 0],
    ]
    model.net = FixedOutput(torch.tensor([rows]).transpose(1, 2), False)
    found = model.detect(torch.zeros(1, 64, 64, 3, dtype=torch.uint8))[0]
    assert np.allclose(found.xy, [[13.1, 24], [2, 2]], atol=1e-4)
    assert np.allclose(found.score, [0.9, 0.2])


@pytest.mark.parametrize("net", ["yolo26n.yaml", "yolo11n.yaml"])
def test_a_real_net_accepts_any_size_and_continues_training(net: str) -> None:
    model = BallYolo(net, max_detections=3)
    model.train()
    found = model.detect(torch.zeros(2, 45, 77, 3, dtype=torch.uint8))
    assert len(found) == 2
    assert all(len(f.score) <= 3 and (np.diff(f.score) <= 0).all() for f in found)
    assert model.net.training
