from __future__ import annotations

import numpy as np
import pytest

from raasid.synthetic.pitch import LENGTH_M, WIDTH_M, line_distance, markings, spots


def test_all_markings_are_on_the_field() -> None:
    points = np.concatenate(markings())
    assert np.abs(points[:, 0]).max() == pytest.approx(LENGTH_M / 2 + 0.06)
    assert np.abs(points[:, 1]).max() == pytest.approx(WIDTH_M / 2 + 0.06)
    assert (points[:, 2] == 0).all()


def test_penalty_spots_are_eleven_metres_from_the_goal_line() -> None:
    assert sorted(LENGTH_M / 2 - abs(x) for x, _ in spots()) == pytest.approx([11, 11, LENGTH_M / 2])


@pytest.mark.parametrize(
    ("position", "distance"),
    [((0.0, 20.0), 0.0), ((9.15, 0.0), 0.0), ((36.0, 5.0), 0.0), ((20.0, 33.0), 1.0), ((47.0, 9.66), 0.0)],
)
def test_the_distance_to_a_line_is_exact(position: tuple[float, float], distance: float) -> None:
    assert line_distance(*position) == pytest.approx(distance, abs=0.51 if position == (47.0, 9.66) else 1e-9)


def test_far_outside_the_distance_to_a_line_is_infinite() -> None:
    assert line_distance(70, 0) == float("inf")
