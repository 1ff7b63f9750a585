"""Mosaics: pixels and labels move together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.datasets.augmentation import Balls, Image
from raasid.datasets.ball.augmentation import mosaic


def image_with_ball(number: int, height: int, width: int, channels: int = 3) -> tuple[Image, Balls]:
    """Grey `number`, with one white ball of 5 x 5 pixels somewhere."""
    rng = np.random.default_rng(number)
    image = np.full((height, width, channels), number, np.uint8)
    left, top = int(rng.integers(width - 5)), int(rng.integers(height - 5))
    image[top : top + 5, left : left + 5] = 255
    return image, np.array([[left + 2.5, top + 2.5, 5, 5]], np.float32)


@given(
    seed=st.integers(0, 10_000),
    width=st.integers(8, 90),
    height=st.integers(8, 90),
    sizes=st.lists(st.tuples(st.integers(6, 80), st.integers(6, 80)), min_size=4, max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_each_label_lies_on_white_pixels_and_each_whole_ball_has_a_label(
    seed: int, width: int, height: int, sizes: list[tuple[int, int]]
) -> None:
    samples = [image_with_ball(10 + i, *size) for i, size in enumerate(sizes)]
    image, balls = mosaic(samples, (width, height), np.random.default_rng(seed))
    assert image.shape == (height, width, 3)
    assert image.dtype == np.uint8
    white = image[:, :, 0] == 255
    for x, y, w, h in balls:
        assert w > 0
        assert h > 0
        left, top = round(float(x - w / 2)), round(float(y - h / 2))
        assert white[top : top + round(float(h)), left : left + round(float(w))].all()
        white[top : top + round(float(h)), left : left + round(float(w))] = False
    # the rest are slices of balls whose centres were cut away
    assert white.sum() <= (4 - len(balls)) * 5 * 3


def test_a_mosaic_shows_all_four_images() -> None:
    samples = [image_with_ball(10 + i, 60, 80) for i in range(4)]
    image, _ = mosaic(samples, 40, np.random.default_rng(0))
    assert image.shape == (40, 40, 3)
    assert [int(image[y, x, 0]) for y in (0, -1) for x in (0, -1)] == [10, 11, 12, 13]


def test_the_same_generator_gives_the_same_mosaic() -> None:
    samples = [image_with_ball(i, 60, 80, channels=9) for i in range(4)]
    first, second = (mosaic(samples, 48, np.random.default_rng([1, 2])) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_images_without_balls_give_none() -> None:
    empty = (np.zeros((20, 20, 3), np.uint8), np.zeros((0, 4), np.float32))
    _, balls = mosaic([empty] * 4, 16, np.random.default_rng(0))
    assert balls.shape == (0, 4)
    assert balls.dtype == np.float32


def test_the_source_images_are_not_changed() -> None:
    samples = [image_with_ball(i, 30, 30) for i in range(4)]
    for image, balls in samples:
        image.setflags(write=False)
        balls.setflags(write=False)
    mosaic(samples, 20, np.random.default_rng(0))


def test_three_images_are_too_few() -> None:
    with pytest.raises(ValueError, match="4 images, not 3"):
        mosaic([image_with_ball(i, 30, 30) for i in range(3)], 20, np.random.default_rng(0))
