"""Painted dots: flat, white, away from every ball, and the same in all frames of a sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.datasets.ball.augmentation import MAX_SPOTS, BallCropper, paint_spots
from raasid.datasets.data_config import AugmentConfig

GRASS = (40, 110, 50)
NO_BALLS = np.zeros((0, 4), np.float32)


def grass(height: int = 96, width: int = 128, frames: int = 1) -> np.ndarray:
    return np.tile(np.array(GRASS * frames, np.uint8), (height, width, 1))


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (before != after).any(2)


@given(seed=st.integers(0, 9999), height=st.integers(1, 60), width=st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_dots_fit_any_image_and_the_original_is_not_changed(seed: int, height: int, width: int) -> None:
    image = grass(height, width)
    image.setflags(write=False)
    painted = paint_spots(image, NO_BALLS, np.random.default_rng(seed))
    assert painted.shape == image.shape
    assert painted.dtype == np.uint8
    assert (painted.astype(int) >= image.astype(int) - 1).all(), "paint only brightens"


@given(seed=st.integers(0, 9999), x=st.floats(0, 128), y=st.floats(0, 96))
@settings(max_examples=100, deadline=None)
def test_a_ball_is_never_painted_over(seed: int, x: float, y: float) -> None:
    balls = np.array([[x, y, 12, 12]], np.float32)
    touched = changed(grass(), paint_spots(grass(), balls, np.random.default_rng(seed)))
    rows, columns = np.nonzero(touched)
    assert not ((abs(columns + 0.5 - x) < 3) & (abs(rows + 0.5 - y) < 3)).any()


def test_dots_are_flat_and_few() -> None:
    flat = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        bright = paint_spots(grass(200, 200), NO_BALLS, rng)[:, :, 1] > 140
        if not bright.any():
            continue
        rows, columns = np.nonzero(bright)
        assert bright.sum() <= MAX_SPOTS * 150
        if np.ptp(columns) < 20:  # one dot, or several at one position
            flat += np.ptp(columns) > np.ptp(rows)
    assert flat > 8


def test_neighbouring_frames_show_the_same_dots() -> None:
    painted = paint_spots(grass(frames=3), NO_BALLS, np.random.default_rng(3))
    assert changed(grass(frames=3), painted).any()
    assert np.array_equal(painted[:, :, :3], painted[:, :, 3:6])
    assert np.array_equal(painted[:, :, :3], painted[:, :, 6:])


@pytest.mark.parametrize(("share", "painted"), [(0.0, 0), (1.0, 20)])
def test_a_cropper_paints_with_the_configured_probability(share: float, painted: int) -> None:
    plain = AugmentConfig(flip=0, zoom=0, brightness=0, contrast=0, color=0, blur=0, noise=0, spots=share)
    crops = [BallCropper(64, plain)(grass(), NO_BALLS, np.random.default_rng(seed))[0] for seed in range(40)]
    assert sum(changed(grass(64, 64), crop).any() for crop in crops) >= painted
    assert share or not any(changed(grass(64, 64), crop).any() for crop in crops)
