"""Training crops: the ball stays where its pixels are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.datasets.augmentation import vary_colors
from raasid.datasets.ball.augmentation import BallCropper
from raasid.datasets.data_config import AugmentConfig

STILL = AugmentConfig(flip=0, zoom=0, brightness=0, contrast=0, color=0, blur=0, noise=0)


def image_with_ball(x: int, y: int) -> np.ndarray:
    image = np.zeros((120, 200, 3), np.uint8)
    image[y - 2 : y + 3, x - 2 : x + 3] = 255
    return image


@given(
    x=st.integers(3, 196), y=st.integers(3, 116), flip=st.sampled_from([0.0, 1.0]),
    zoom=st.floats(0, 0.4), seed=st.integers(0, 999),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_a_label_moves_with_its_pixels(x: int, y: int, flip: float, zoom: float, seed: int) -> None:
    augment = AugmentConfig(flip=flip, zoom=zoom, brightness=0, contrast=0, color=0, blur=0, noise=0)
    balls = np.array([[x + 0.5, y + 0.5, 5, 5]], np.float32)
    crop, moved = BallCropper(64, augment, ball_share=1.0)(
        image_with_ball(x, y), balls, np.random.default_rng(seed)
    )
    assert crop.shape == (64, 64, 3)
    if len(moved) and moved[0, :2].min() > 4 and moved[0, :2].max() < 60:
        rows, columns = np.nonzero(crop[:, :, 0] > 127)
        assert abs(columns.mean() + 0.5 - moved[0, 0]) < 1
        assert abs(rows.mean() + 0.5 - moved[0, 1]) < 1


def test_the_same_generator_gives_the_same_crop() -> None:
    image = np.random.default_rng(0).integers(0, 255, (120, 200, 3), np.uint8)
    balls = np.array([[50, 60, 6, 6]], np.float32)
    first, second = (
        BallCropper(64, AugmentConfig())(image, balls, np.random.default_rng([1, 2, 3])) for _ in range(2)
    )
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_three_frames_are_cropped_alike_at_any_zoom() -> None:
    image = np.random.default_rng(0).integers(0, 255, (120, 200, 3), np.uint8)
    cut = BallCropper(64, STILL.model_copy(update={"zoom": 0.4}))
    for seed in range(8):
        three, _ = cut(np.tile(image, 3), np.zeros((0, 4), np.float32), np.random.default_rng(seed))
        one, _ = cut(image, np.zeros((0, 4), np.float32), np.random.default_rng(seed))
        assert np.array_equal(three, np.tile(one, 3))


def test_strength_zero_changes_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 60, 6), np.uint8)
    assert np.array_equal(vary_colors(image, STILL, np.random.default_rng(0)), image)


def test_the_source_image_is_not_changed() -> None:
    image = np.full((120, 200, 3), 100, np.uint8)
    image.setflags(write=False)
    BallCropper(64, AugmentConfig())(image, np.zeros((0, 4), np.float32), np.random.default_rng(0))
    assert (image == 100).all()


def test_a_crop_larger_than_the_frame_is_padded_below() -> None:
    crop, _ = BallCropper(128, STILL)(
        np.full((64, 200, 3), 9, np.uint8), np.zeros((0, 4), np.float32), np.random.default_rng(0)
    )
    assert (crop[:64] == 9).all()
    assert (crop[64:] == 0).all()
