"""The heatmap model: targets, loss and decoding agree with one another."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.models.ball.heatmap import STRIDE, BallHeatmap, BallNet
from raasid.models.centernet import heatmap_loss, heatmap_target


class Oracle(BallHeatmap):
    """Predicts exactly the target."""

    def __init__(self, balls: torch.Tensor, present: torch.Tensor) -> None:
        super().__init__(channels=4)
        self.truth = balls, present

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        target = heatmap_target(*self.truth, images.shape[1] // STRIDE, images.shape[2] // STRIDE)
        logit = torch.logit(target.heat.clamp(1e-6, 1 - 1e-6))
        return torch.cat([logit[:, None], target.box], 1)


@given(x=st.floats(0, 95.9), y=st.floats(0, 63.9), w=st.floats(3, 40), h=st.floats(3, 40))
@settings(max_examples=60, deadline=None)
def test_decoding_a_target_gives_the_ball_back(x: float, y: float, w: float, h: float) -> None:
    model = Oracle(torch.tensor([[[x, y, w, h]]]), torch.tensor([[True]]))
    best = model.detect(torch.zeros(1, 64, 96, 3, dtype=torch.uint8))[0]
    assert np.allclose(best.xy[0], [x, y], atol=1e-3)
    assert np.allclose(best.wh[0], [w, h], rtol=1e-3)


def test_a_perfect_prediction_has_almost_no_loss_and_an_empty_one_more() -> None:
    # at the centre of a cell, so that no neighbouring cell is nearly as good
    balls, present = torch.tensor([[[30.0, 22.0, 6.0, 6.0]]]), torch.tensor([[True]])
    images = torch.zeros(1, 64, 96, 3, dtype=torch.uint8)
    target = heatmap_target(balls, present, 16, 24)
    right = Oracle(balls, present)(images)
    silent = right.clone()
    silent[:, 0] = -8
    assert sum(heatmap_loss(right, target)) < 0.1 * heatmap_loss(silent, target)[0]
    assert heatmap_loss(silent, target)[0] > 4


def test_an_absent_ball_leaves_the_heatmap_empty() -> None:
    target = heatmap_target(torch.zeros(2, 2, 4), torch.zeros(2, 2, dtype=torch.bool), 8, 8)
    assert target.heat.max() == 0
    assert target.box_weight.max() == 0


def test_two_balls_are_two_peaks() -> None:
    balls = torch.tensor([[[10.0, 10.0, 6, 6], [60.0, 30.0, 6, 6]]])
    target = heatmap_target(balls, torch.tensor([[True, True]]), 16, 24)
    assert int((target.heat == 1).sum()) == 2


def test_the_loss_of_a_batch_is_the_mean_over_its_images() -> None:
    torch.manual_seed(0)
    balls, present = torch.rand(4, 1, 4) * 50 + 5, torch.tensor([[True], [True], [False], [True]])
    output = torch.randn(4, 5, 16, 16)
    whole = heatmap_loss(output, heatmap_target(balls, present, 16, 16))
    halves = [
        heatmap_loss(output[s], heatmap_target(balls[s], present[s], 16, 16))
        for s in (slice(0, None, 2), slice(1, None, 2))
    ]
    for i in range(2):
        torch.testing.assert_close(whole[i], (halves[0][i] + halves[1][i]) / 2)


@pytest.mark.parametrize("frames", [1, 3])
def test_images_of_any_size_are_accepted(frames: int) -> None:
    model = BallHeatmap(channels=4, frames=frames).eval()
    found = model.detect(torch.zeros(2, 45, 77, 3 * frames, dtype=torch.uint8))
    assert len(found) == 2
    assert (found[0].score[:-1] >= found[0].score[1:]).all()


@pytest.mark.parametrize(("width", "scales"), [(96, []), (76, []), (76, [0.75, 1.2])])
def test_mirroring_the_image_mirrors_the_detections(width: int, scales: list[float]) -> None:
    torch.manual_seed(0)
    model = BallHeatmap(channels=4, mirror=True, scales=scales).eval()
    torch.nn.init.normal_(model.net.head.weight)
    image = torch.randint(0, 255, (1, 64, width, 3), dtype=torch.uint8)
    here, there = (model.detect(p)[0] for p in (image, image.flip(2)))
    assert here.score == pytest.approx(there.score, abs=1e-6)
    once = [model.detect(p, quick=True)[0] for p in (image, image.flip(2))]
    assert once[0].score != pytest.approx(once[1].score, abs=1e-5), "the net alone sees the two differently"
    cells = np.floor(here.xy[:, 0] / 4), np.floor((width - there.xy[:, 0]) / 4)
    assert np.median(abs(cells[0] - cells[1])) <= 1


def test_every_scale_is_evaluated_on_the_cells_of_the_first() -> None:
    model = BallHeatmap(channels=4, mirror=True, scales=[0.5, 2.0]).eval()
    asked: list[tuple[int, ...]] = []
    net = model.net.forward
    model.net.forward = lambda x: asked.append(tuple(x.shape[2:])) or net(x)  # type: ignore[func-returns-value]
    bright = torch.zeros(1, 64, 96, 3, dtype=torch.uint8)
    (found,) = model.detect(bright)
    assert asked == [(64, 96)] * 2 + [(32, 64)] * 2 + [(128, 192)] * 2
    assert (found.xy[:, 0] < 100).all()
    assert (found.xy[:, 1] < 68).all()


def test_an_additional_scale_does_not_depend_on_rounding() -> None:
    # at 8/9 of the size many brightnesses lie half-way between two whole ones, up to a runtime's last digit
    model = BallHeatmap(channels=4, scales=[0.889]).eval()
    model.net = torch.nn.AvgPool2d(4)  # type: ignore[assignment]  # scores are the brightness
    images = torch.randint(0, 256, (2, 180, 320, 3), generator=torch.Generator().manual_seed(0)).float()
    heat, brighter = (model.maps(images + more)[0] for more in (0.0, 1e-4))
    assert float((heat - brighter).abs().max()) < 1e-5


def test_the_net_has_one_output_per_cell() -> None:
    assert BallNet(channels=4)(torch.zeros(1, 3, 64, 96)).shape == (1, 5, 16, 24)
