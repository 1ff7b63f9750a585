"""Augmentation of ball samples: random crops, painted white dots, and mosaics of four samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.datasets.augmentation import Balls, Image, vary_colors
from raasid.datasets.data_config import AugmentConfig

SPOT_WIDTH = (0.3, 1.2)
"""Width of a dot as a share of the ball's box; some sets draw it tightly, others twice as wide."""
SPOT_FLATNESS = (0.2, 0.6)
"""Height over width of a dot: a circle on the grass, seen from a stand."""
MAX_SPOTS = 3
DEFAULT_BALL_PX = 10.0
"""Assumed ball size in samples without a ball."""
SEAM = (0.25, 0.75)
"""Range of the point where the four parts of a mosaic meet, as fractions of width and height."""
_SUPERSAMPLING = 8


def paint_spots(image: Image, balls: Balls, rng: np.random.Generator) -> Image:
    """Return a copy of (H, W, 3 * T) with one to three flat white dots painted on it, alike in all T.

    A few hundred labelled frames show a few dozen penalty spots, all in the same stadiums: a network
    memorises those and takes another stadium's for the ball. The lasting difference is that a ball is
    round. Dots keep away from `balls`, which they would hide.
    """
    image = image.copy()
    height, width = image.shape[:2]
    ball = float(np.median(balls[:, 2:])) if len(balls) else DEFAULT_BALL_PX
    for _ in range(rng.integers(1, MAX_SPOTS + 1)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        share = math.exp(rng.uniform(math.log(SPOT_WIDTH[0]), math.log(SPOT_WIDTH[1])))
        mask = _mask(ball * share, ball, rng)
        if not (np.abs(balls[:, :2] - [x, y]).max(1) < 1.5 * ball).any():
            _paint(image, mask, int(x), int(y), rng)
    return image


def _mask(width: float, ball: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the opacity of a soft-edged ellipse in the middle of a square with an odd edge."""
    reach = int(width) + 4
    edge = 2 * reach + 1
    height = max(1.2, width * rng.uniform(*SPOT_FLATNESS))
    axes = int(width / 2 * _SUPERSAMPLING), int(height / 2 * _SUPERSAMPLING)
    fine = np.zeros((edge * _SUPERSAMPLING, edge * _SUPERSAMPLING), np.float32)
    middle = edge * _SUPERSAMPLING // 2
    cv2.ellipse(fine, (middle, middle), axes, rng.uniform(-12, 12), 0, 360, 1.0, -1)
    mask = cv2.resize(fine, (edge, edge), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.035, 0.1) * ball)
    return np.asarray(blurred * rng.uniform(0.4, 1.0), np.float32)


def _paint(image: Image, mask: NDArray[np.float32], x: int, y: int, rng: np.random.Generator) -> None:
    """Blend the brightened color of the ground into the image around (x, y), in place."""
    reach = mask.shape[0] // 2
    rows = slice(max(0, y - reach), min(image.shape[0], y + reach + 1))
    columns = slice(max(0, x - reach), min(image.shape[1], x + reach + 1))
    ground = image[rows, columns].astype(np.float32)
    first_row, first_column = rows.start - y + reach, columns.start - x + reach
    part = mask[first_row:, first_column:][: ground.shape[0], : ground.shape[1], None]
    paint = np.median(ground.reshape(-1, ground.shape[2]), 0) * rng.uniform(1.5, 2.4) + rng.uniform(20, 90)
    image[rows, columns] = np.clip(ground * (1 - part) + part * np.minimum(paint, 255), 0, 255)


@dataclass(frozen=True, slots=True)
class BallCropper:
    """Cuts square training crops of `size` pixels; None keeps whole frames.

    ball_share: share of the crops that contain the ball of a frame that has one; the others lie anywhere.
    """

    size: int | None
    augment: AugmentConfig
    ball_share: float = 0.5

    def __call__(
        self,
        frame: Image,
        balls: Balls,
        rng: np.random.Generator,
        centre: tuple[float, float] | None = None,
    ) -> tuple[Image, Balls]:
        """Return a varied crop (size, size, 3 * T) of (H, W, 3 * T), and the balls whose centres are inside.

        centre: a point that the crop must contain, in pixels of the frame.
        """
        if self.size is None:
            return self._vary(frame, balls.copy(), rng)
        height, width = frame.shape[:2]
        side = min(round(self.size * math.exp(rng.uniform(-self.augment.zoom, self.augment.zoom))), width)
        u, v = rng.uniform(-0.45, 0.45, 2)
        if centre is not None:
            x, y = centre[0] + u * side, centre[1] + v * side
        elif len(balls) and rng.random() < self.ball_share:
            x, y = balls[0, 0] + u * side, balls[0, 1] + v * side
        else:
            x, y = rng.uniform(0, width), rng.uniform(0, height)
        left = int(np.clip(x - side / 2, 0, width - side))
        top = int(np.clip(y - side / 2, 0, max(0, height - side)))
        crop = frame[top : top + side, left : left + side]
        if crop.shape[0] < side:
            crop = np.pad(crop, ((0, side - crop.shape[0]), (0, 0), (0, 0)))
        scale = self.size / side
        crop = _resize(crop, self.size, cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        moved = (balls - np.array([left, top, 0, 0], np.float32)) * np.float32(scale)
        inside = ((moved[:, :2] >= 0) & (moved[:, :2] < self.size)).all(1)
        return self._vary(crop, moved[inside], rng)

    def _vary(self, image: Image, balls: Balls, rng: np.random.Generator) -> tuple[Image, Balls]:
        if self.augment.spots and rng.random() < self.augment.spots:
            image = paint_spots(image, balls, rng)
        if rng.random() < self.augment.flip:
            image = np.ascontiguousarray(image[:, ::-1])
            balls[:, 0] = image.shape[1] - balls[:, 0]
        return vary_colors(image, self.augment, rng), balls


def _resize(image: Image, size: int, interpolation: int) -> Image:
    """Resize (H, W, 3 * T) frame by frame, because OpenCV averages at most four channels."""
    frames = [
        cv2.resize(image[:, :, first : first + 3], (size, size), interpolation=interpolation)
        for first in range(0, image.shape[2], 3)
    ]
    return np.concatenate(frames, axis=2, dtype=np.uint8)


def mosaic(
    samples: Sequence[tuple[Image, Balls]], size: int | tuple[int, int], rng: np.random.Generator
) -> tuple[Image, Balls]:
    """Join parts of four images around a random point.

    samples: four images (H, W, 3 * T) uint8, each with its balls (M, 4), centre and size in its pixels.
    size: edge of the result, or its width and height, in pixels.
    Each part is cut at a random position and keeps its scale, because a ball of five pixels must not become
    one of two. An image smaller than its part is padded with black below and to the right, as whole frames
    are.
    Returns (height, width, 3 * T) and the balls whose centres are still visible, their boxes clipped at the
    seams, part by part from the top left to the bottom right.
    Source: Bochkovskiy et al. 2020 (YOLOv4), section 3.3.
    """
    if len(samples) != 4:
        raise ValueError(f"a mosaic joins 4 images, not {len(samples)}")
    width, height = (size, size) if isinstance(size, int) else size
    seam_x, seam_y = (round(edge * rng.uniform(*SEAM)) for edge in (width, height))
    canvas = np.zeros((height, width, samples[0][0].shape[2]), np.uint8)
    parts = [
        (0, 0, seam_x, seam_y),
        (seam_x, 0, width, seam_y),
        (0, seam_y, seam_x, height),
        (seam_x, seam_y, width, height),
    ]
    kept = [
        _paste(canvas, image, balls, part, rng) for (image, balls), part in zip(samples, parts, strict=True)
    ]
    return canvas, np.concatenate(kept)


def _paste(
    canvas: Image, image: Image, balls: Balls, part: tuple[int, int, int, int], rng: np.random.Generator
) -> Balls:
    """Copy a random cut of `image` into `part` (left, top, right, bottom) of the canvas; return its balls."""
    left, top, right, bottom = part
    rows, columns = min(bottom - top, image.shape[0]), min(right - left, image.shape[1])
    y = int(rng.integers(image.shape[0] - rows + 1))
    x = int(rng.integers(image.shape[1] - columns + 1))
    canvas[top : top + rows, left : left + columns] = image[y : y + rows, x : x + columns]
    centre, half = balls[:, :2] - (x, y), balls[:, 2:] / 2
    seen = ((centre >= 0) & (centre < (columns, rows))).all(1)
    low = np.clip(centre[seen] - half[seen], 0, None)
    high = np.minimum(centre[seen] + half[seen], (columns, rows))
    return np.concatenate([(low + high) / 2 + (left, top), high - low], 1).astype(np.float32)
