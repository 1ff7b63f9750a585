"""Textures of the stadium: a crowd on its seats, and advertising boards with meaningless words."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from raasid.synthetic.arrays import Image
from raasid.synthetic.clothing import Colour

SEAT_TEXELS = (5, 8)
"""Width and depth of a seat in texels, 10 to the metre."""

SEAT_M = (0.5, 0.8)

_SKIN = np.array([[150, 178, 222], [120, 150, 200], [70, 95, 145]], dtype=np.float64)


def crowd_texture(rng: Generator, rows: int, columns: int, colours: list[Colour], level: float) -> Image:
    """Draw a block of seats seen from the pitch, (rows * 8, columns * 5, 3); level: brightness."""
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
    width, depth = SEAT_TEXELS
    aisle = np.repeat(np.arange(columns) % int(rng.integers(22, 40)) == 0, width)
    concrete = np.array([120, 122, 124]) * rng.uniform(0.5, 1.2)
    # a row of seats has three kinds of lines: heads, bodies, and the dark gap to the next row
    lower, upper = (np.repeat(part, width, axis=1) for part in (body, head))
    upper = np.where((np.arange(columns * width) % width % (width - 1) > 0)[:, None], upper, lower)
    lines = np.stack([upper] * 3 + [lower] * (depth - 4) + [lower * 0.55], axis=1)
    lines[:, :, aisle] = concrete
    image = np.empty((rows, depth, columns * width, 3), np.uint8)
    for row in range(rows):
        uneven = rng.uniform(0.7, 1.15, (depth, columns * width))
        for channel in range(3):
            lit = lines[row, :, :, channel] * uneven
            lit *= level
            image[row, :, :, channel] = np.minimum(lit, 255, out=lit)
    return np.asarray(cv2.GaussianBlur(image.reshape(rows * depth, -1, 3), (3, 3), 0.7))


_SYLLABLES = (
    "ba",
    "ko",
    "ri",
    "ven",
    "ta",
    "lu",
    "mar",
    "dex",
    "on",
    "sol",
    "ika",
    "fi",
    "zen",
    "tor",
    "nex",
    "gra",
)

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
)

_PANELS = [
    (235, 238, 238),
    (30, 28, 28),
    (40, 36, 190),
    (190, 90, 30),
    (60, 210, 240),
    (60, 130, 40),
    (150, 60, 200),
    (90, 40, 20),
]


def _word(rng: Generator) -> str:
    word = "".join(rng.choice(_SYLLABLES, size=int(rng.integers(2, 4))))
    return word.upper() if rng.random() < 0.6 else word.capitalize()


def board_texture(rng: Generator, length_m: float, texels_per_m: int, level: float) -> Image:
    """Draw a row of boards one metre high, (texels_per_m, length_m * texels_per_m, 3)."""
    scale = 2
    height, width = texels_per_m * scale, int(length_m * texels_per_m) * scale
    image = np.zeros((height, width, 3), np.uint8)
    scheme = [_PANELS[i] for i in rng.choice(len(_PANELS), size=int(rng.integers(1, 4)), replace=False)]
    x = 0
    while x < width:
        panel = int(rng.uniform(4, 9) * texels_per_m * scale)
        ground = scheme[int(rng.integers(len(scheme)))]
        ink = (
            (240, 240, 240) if sum(ground) < 380 else ((25, 25, 25) if rng.random() < 0.6 else (150, 40, 30))
        )
        cv2.rectangle(image, (x, 0), (x + panel, height), ground, -1)
        font = _FONTS[int(rng.integers(len(_FONTS)))]
        size, thickness = height / 34.0, max(1, height // 14)
        cv2.putText(
            image, _word(rng), (x + panel // 8, int(height * 0.74)), font, size, ink, thickness, cv2.LINE_AA
        )
        if rng.random() < 0.3:
            cv2.circle(image, (x + panel - height, height // 2), int(height * 0.3), ink, -1, cv2.LINE_AA)
        x += panel
    small = cv2.resize(image, (width // scale, height // scale), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small * level, 0, 255).astype(np.uint8))
