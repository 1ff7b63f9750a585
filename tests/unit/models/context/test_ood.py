"""The out-of-distribution score of windows, and the weight of predictions by it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from raasid.models.context.features import Features
from raasid.models.context.ood import (
    NUM_FARTHEST,
    InDistributionModel,
    in_distribution_weight,
    window_statistics,
)


def normal(rows: int, columns: int = 100) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(3))


def test_before_anything_is_fitted_every_score_is_zero() -> None:
    assert InDistributionModel().ood_score(normal(3)).tolist() == [0.0, 0.0, 0.0]


def test_a_few_unusual_statistics_among_many_are_out_of_distribution() -> None:
    known = InDistributionModel.fit(normal(300))
    scores = known.ood_score(normal(300))
    assert float((in_distribution_weight(scores) > 0).float().mean()) == 1.0
    other = normal(300)
    other[:, : NUM_FARTHEST // 2] += 8.0
    assert bool((known.ood_score(other) > 1).all())


def test_a_model_of_few_windows_with_many_statistics_accepts_similar_windows() -> None:
    values = normal(1000, 400)
    known = InDistributionModel.fit(values[:64])
    assert float((known.ood_score(values[64:]) < 1).float().mean()) > 0.99
    assert float(in_distribution_weight(known.ood_score(values[64:])).mean()) > 0.95


def test_a_model_of_one_window_gives_finite_scores() -> None:
    one = normal(1)
    known = InDistributionModel.fit(one)
    assert float(known.ood_score(one)[0]) == 0.0
    assert bool(known.ood_score(one + 0.5).isfinite().all())


@settings(deadline=None)
@given(st.floats(0, 1e6))
def test_the_weight_falls_from_one_to_zero(strange: float) -> None:
    now, later = in_distribution_weight(torch.tensor([strange, strange + 0.1])).tolist()
    assert 0 <= later <= now <= 1
    assert now == 1 or strange > 0.66
    assert now == 0 or strange < 1


def test_statistics_are_of_the_valid_frames_of_the_next_player() -> None:
    values = torch.zeros(1, 2, 4, 1)
    values[0, 0, :, 0] = torch.tensor([1.0, 3.0, 900.0, 900.0])
    values[0, 1] = 77.0
    valid = torch.tensor([[[True, True, False, False], [True] * 4]])
    assert window_statistics(Features(values, valid))[0].tolist() == pytest.approx([2.0, 1.0])
