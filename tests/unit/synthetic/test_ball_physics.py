from __future__ import annotations

import numpy as np
import pytest

from raasid.synthetic.ball_physics import RADIUS_M, follow, kicked

REST = np.array([1.0, 2.0, RADIUS_M])


def test_a_ball_rests_until_it_is_kicked() -> None:
    path = kicked(REST, np.array([10.0, 0, 0]), kicked_at=0.5, duration=1.0)
    assert path.at(0.4) == pytest.approx(REST)
    assert path.at(0.9)[0] > 4


def test_a_lofted_ball_flies_lands_and_never_sinks_into_the_grass() -> None:
    path = kicked(REST, np.array([12.0, 0, 9.0]), kicked_at=0.0, duration=4.0)
    heights = [path.at(t)[2] for t in np.linspace(0, 4, 400)]
    assert max(heights) > 2.5
    assert min(heights) >= RADIUS_M - 1e-9
    assert heights[-1] < 0.6


def test_drag_makes_a_flight_shorter_than_the_parabola() -> None:
    speed = np.array([20.0, 0, 10.0])
    path = kicked(REST, speed, kicked_at=0.0, duration=2.0)
    assert path.at(1.5)[0] - 1.0 < speed[0] * 1.5 * 0.95


def test_a_rolling_ball_stops_for_good() -> None:
    path = kicked(REST, np.array([3.0, 0, 0]), kicked_at=0.0, duration=5.0)
    assert path.at(4.5) == pytest.approx(path.at(4.9))


def test_a_ball_kicked_before_the_clip_is_in_flight_at_time_zero() -> None:
    path = kicked(REST, np.array([15.0, 0, 8.0]), kicked_at=-0.5, duration=0.2)
    assert path.at(0.0)[2] > 1.5


def test_a_path_follows_the_given_function() -> None:
    path = follow(lambda t: (2 * t, 0.0, 0.2), duration=1.0)
    assert path.at(0.5) == pytest.approx([1.0, 0, 0.2], abs=1e-9)
    assert path.velocity(0.5) == pytest.approx([2.0, 0, 0])
