from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raasid.review.arm_distance import ArmDistance, FrameRange, select_windows


def distances(gap: NDArray[np.float32], visible: bool = True) -> ArmDistance:
    n = len(gap)
    zeros, ball = np.zeros(n, np.int64), np.full(n, visible)
    return ArmDistance(
        gap * 20,
        gap,
        np.full(n, 20, np.float32),
        zeros,
        zeros,
        zeros + 3,
        ball,
        ball,
        zeros + 1,
        gap * 0,
        gap * 0 + 80,
    )


def far(n: int) -> NDArray[np.float32]:
    return np.full(n, 5.0, np.float32)


def test_each_approach_gets_one_window_in_order_of_time() -> None:
    gap = far(500)
    gap[400:411] = np.abs(np.arange(-5, 6)) * 0.1
    gap[95:106] = np.abs(np.arange(-5, 6)) * 0.1 + 0.1
    chosen = select_windows(distances(gap), 25.0, 0.96, 10)
    assert chosen.windows == (FrameRange(88, 112, 100), FrameRange(393, 417, 405))
    assert chosen.passed_over == 0


def test_a_short_clip_is_one_window() -> None:
    gap = far(20)
    gap[[1, 18]] = 0.0
    assert select_windows(distances(gap), 25.0, 0.96, 10).windows == (FrameRange(0, 20, 1),)


def test_a_window_at_an_end_is_as_long_as_others() -> None:
    gap = far(100)
    gap[99] = 0.0
    assert select_windows(distances(gap), 25.0, 0.96, 10).windows == (FrameRange(76, 100, 99),)


def test_without_a_near_approach_the_nearest_moment_becomes_a_window() -> None:
    gap = far(100)
    gap[60] = 3.0
    assert [window.nearest for window in select_windows(distances(gap), 25.0, 0.4, 10).windows] == [60]


def test_approaches_beyond_the_limit_are_counted() -> None:
    gap = far(1000)
    gap[50::100] = np.linspace(0.0, 0.9, 10)
    chosen = select_windows(distances(gap), 25.0, 0.96, 4)
    assert [window.nearest for window in chosen.windows] == [50, 150, 250, 350]
    assert chosen.passed_over == 6


def test_without_a_known_gap_there_is_no_window() -> None:
    assert select_windows(distances(np.full(30, np.nan, np.float32)), 25.0, 0.96, 10).windows == ()
