"""Textures of a stand: rows of people and empty seats, aisles, letters laid out in seats."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from raasid.data.synthetic.arrays import Image
from raasid.data.synthetic.kit import Colour

SEAT_TEXELS = (5, 8)
"""Width and depth of a seat; a seat is 0.5 m wide and 0.8 m deep: 10 texels to the metre."""
SEAT_M = (0.5, 0.8)
_SKIN = np.array([[150, 178, 222], [120, 150, 200], [70, 95, 145]], dtype=np.float64)


def crowd_texture(rng: Generator, rows: int, columns: int, colours: list[Colour], level: float) -> Image:
    """A block of seats seen from the pitch, (rows * 8, columns * 5, 3); level is its brightness."""
    seats = np.array(colours[int(rng.integers(len(colours)))]) * rng.uniform(0.5, 1.0)
    if rng.random() < 0.4:
        seats = np.array([110, 104, 100]) * rng.uniform(0.5, 1.4)
    filled = rng.random((rows, columns)) < rng.choice([0.05, 0.6, 0.9, 0.96])
    fans = np.array([*colours, (40, 38, 38), (60, 56, 54), (210, 212, 214), (120, 90, 70)], dtype=np.float64)
    weight = np.array([3.0] * len(colours) + [3.0, 2.0, 2.0, 1.0])
    body = fans[rng.choice(len(fans), size=(rows, columns), p=weight / weight.sum())]
    body = body * rng.uniform(0.55, 1.1, (rows, columns, 1))
    head = _SKIN[rng.choice(3, size=(rows, columns), p=[0.6, 0.25, 0.15])] * rng.uniform(
        0.6, 1.05, (rows, columns, 1)
    )
    empty = seats * rng.uniform(0.9, 1.1, (rows, columns, 1))
    body = np.where(filled[..., None], body, empty)
    head = np.where(filled[..., None], head, empty * 0.8)
    wide, deep = SEAT_TEXELS
    aisle = np.repeat(np.arange(columns) % int(rng.integers(22, 40)) == 0, wide)
    concrete = np.array([120, 122, 124]) * rng.uniform(0.5, 1.2)
    # each row of seats shows three kinds of lines: heads, bodies, and the dark gap to the next row
    lower, upper = (np.repeat(part, wide, axis=1) for part in (body, head))
    upper = np.where((np.arange(columns * wide) % wide % (wide - 1) > 0)[:, None], upper, lower)
    lines = np.stack([upper] * 3 + [lower] * (deep - 4) + [lower * 0.55], axis=1)
    lines[:, :, aisle] = concrete
    image = np.empty((rows, deep, columns * wide, 3), np.uint8)
    for row in range(rows):
        uneven = rng.uniform(0.7, 1.15, (deep, columns * wide))
        for channel in range(3):
            lit = lines[row, :, :, channel] * uneven
            lit *= level
            image[row, :, :, channel] = np.minimum(lit, 255, out=lit)
    return np.asarray(cv2.GaussianBlur(image.reshape(rows * deep, -1, 3), (3, 3), 0.7))
