"""The learning rate over a run."""

from __future__ import annotations

import pytest

from raasid.training.optimizer import constant_with_warmup, cosine, one_cycle


def test_one_cycle_rises_to_one_and_ends_at_its_final_fraction() -> None:
    factor = one_cycle(100, warmup=0.2, final=0.01)
    assert factor(0) == pytest.approx(1 / 25)
    assert factor(20) == pytest.approx(1)
    assert factor(100) == pytest.approx(0.01)
    assert all(factor(s) < factor(s + 1) for s in range(20))
    assert all(factor(s) > factor(s + 1) for s in range(20, 100))


def test_cosine_without_warm_up_starts_at_one() -> None:
    factor = cosine(10, warmup=0, final=0)
    assert factor(0) == 1
    assert factor(5) == pytest.approx(0.5)
    assert factor(10) == pytest.approx(0)


def test_a_step_beyond_the_planned_end_keeps_the_last_rate() -> None:
    assert cosine(10, 0.1, 0.05)(25) == pytest.approx(0.05)


def test_constant_warms_up_and_stays() -> None:
    assert [constant_with_warmup(10, 0.2)(s) for s in (0, 1, 2, 9)] == [0.5, 1, 1, 1]
