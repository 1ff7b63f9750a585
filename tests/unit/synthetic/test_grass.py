from __future__ import annotations

from dataclasses import replace

import numpy as np

from raasid.synthetic.arrays import Image
from raasid.synthetic.camera import Camera, look_at
from raasid.synthetic.grass import Lawn, Turf, draw_turf, paint_lawn
from raasid.synthetic.lighting import draw_light

SIZE = (320, 180)
PLAIN = np.full((256, 256), 128, np.uint8)


def turf(seed: int = 1) -> Turf:
    return draw_turf(np.random.default_rng(seed), draw_light(np.random.default_rng(seed)))


def camera(y: float, focal_px: float = 700.0) -> Camera:
    return look_at(np.array([0.0, -60.0, 18.0]), np.array([0.0, y, 0.0]), focal_px, 0.01, SIZE)


def lawn_at(y: float, grain: Image = PLAIN, focal_px: float = 700.0) -> Lawn:
    lawn = paint_lawn(camera(y, focal_px), turf(), grain)
    assert lawn is not None
    return lawn


def test_an_image_of_grass_alone_has_no_open_rows() -> None:
    assert lawn_at(0.0, focal_px=1500.0).open_rows(SIZE[1]) == 0


def test_rows_below_the_open_ones_are_grass_all_along() -> None:
    lawn = lawn_at(45.0)
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[lawn.window] = lawn.mask
    rows = lawn.open_rows(SIZE[1])
    assert 0 < rows < SIZE[1]
    assert (mask[rows:] > 0).all()
    assert not (mask[rows - 1] > 0).all()


def test_a_lawn_that_does_not_reach_the_sides_leaves_every_row_open() -> None:
    assert lawn_at(0.0, focal_px=60.0).open_rows(SIZE[1]) == SIZE[1]


def test_lines_are_whiter_than_grass_where_the_law_puts_them() -> None:
    lawn, eye = lawn_at(0.0), camera(0.0)
    top, left = lawn.window[0].start, lawn.window[1].start
    pixels, _ = eye.project(np.array([[0.0, 3.0, 0.0], [1.5, 3.0, 0.0], [0.0, -6.0, 0.0], [1.5, -6.0, 0.0]]))
    (line, grass, line_2, grass_2) = (
        lawn.image[int(y) - top, int(x) - left].astype(float).min() for x, y in pixels
    )
    assert line > grass + 30
    assert line_2 > grass_2 + 30


def test_the_grain_is_fixed_to_image_coordinates() -> None:
    grain = np.full((256, 256), 128, np.uint8)
    grain[100, 50] = 160
    lawn, plain = lawn_at(0.0, grain, 1500.0), lawn_at(0.0, PLAIN, 1500.0)
    changed = np.argwhere((lawn.image != plain.image).any(axis=2))
    changed += (lawn.window[0].start, lawn.window[1].start)
    assert changed.tolist() == [[100, 50], [100, 306]]


def test_uniform_light_gives_the_same_image_as_a_light_texture() -> None:
    grounds = [turf(seed) for seed in range(12)]
    plain = [ground for ground in grounds if ground.uniform_light is not None]
    assert 0 < len(plain) < len(grounds)
    eye = camera(0.0, 1500.0)
    for ground in plain:
        by_hand = paint_lawn(eye, replace(ground, uniform_light=None), PLAIN)
        quick = paint_lawn(eye, ground, PLAIN)
        assert quick is not None
        assert by_hand is not None
        assert np.abs(quick.image.astype(int) - by_hand.image).max() <= 1
