"""Flat white dots that are not balls: the worn paint of a penalty spot, seen at a slant."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.data.augment import Balls, Image

WIDTH = (0.3, 1.2)
"""Of a dot, as a share of the ball's box, which some draw tightly and others twice as wide."""
FLATNESS = (0.2, 0.6)
"""Height over width: a circle on the grass, from a stand."""
MOST = 3
USUAL_BALL_PX = 10.0
_FINE = 8


def with_spots(image: Image, balls: Balls, rng: np.random.Generator) -> Image:
    """(H, W, 3 * T) and its balls -> a copy with one to three dots painted on it, alike in all T.

    A few hundred labelled frames show a few dozen penalty spots, all of them in the same stadiums: a
    network learns those by heart and takes the next stadium's for the ball. What tells the two apart
    everywhere is that a ball is round. Dots keep away from balls, or they would hide them.
    """
    image = image.copy()
    height, width = image.shape[:2]
    ball = float(np.median(balls[:, 2:])) if len(balls) else USUAL_BALL_PX
    for _ in range(rng.integers(1, MOST + 1)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        mask = _mask(ball * math.exp(rng.uniform(math.log(WIDTH[0]), math.log(WIDTH[1]))), ball, rng)
        if not (np.abs(balls[:, :2] - [x, y]).max(1) < 1.5 * ball).any():
            _paint(image, mask, int(x), int(y), rng)
    return image


def _mask(width: float, ball: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """An ellipse of soft edges in the middle of an odd square; 1 is paint alone."""
    reach = int(width) + 4
    edge = 2 * reach + 1
    axes = width / 2 * _FINE, max(1.2, width * rng.uniform(*FLATNESS)) / 2 * _FINE
    fine = np.zeros((edge * _FINE, edge * _FINE), np.float32)
    middle = edge * _FINE // 2
    cv2.ellipse(fine, (middle, middle), (int(axes[0]), int(axes[1])), rng.uniform(-12, 12), 0, 360, 1.0, -1)
    mask = cv2.resize(fine, (edge, edge), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.035, 0.1) * ball)
    return np.asarray(blurred * rng.uniform(0.4, 1.0), np.float32)


def _paint(image: Image, mask: NDArray[np.float32], x: int, y: int, rng: np.random.Generator) -> None:
    """Blend the ground's own colour, brightened, into the picture; what lies outside is cut off."""
    reach = mask.shape[0] // 2
    rows = slice(max(0, y - reach), min(image.shape[0], y + reach + 1))
    columns = slice(max(0, x - reach), min(image.shape[1], x + reach + 1))
    ground = image[rows, columns].astype(np.float32)
    first_row, first_column = rows.start - y + reach, columns.start - x + reach
    part = mask[first_row:, first_column:][: ground.shape[0], : ground.shape[1], None]
    paint = np.median(ground.reshape(-1, ground.shape[2]), 0) * rng.uniform(1.5, 2.4) + rng.uniform(20, 90)
    image[rows, columns] = np.clip(ground * (1 - part) + part * np.minimum(paint, 255), 0, 255)
