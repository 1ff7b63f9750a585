"""Four pictures in one: more backgrounds in a step, and balls beside seams that mean nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raasid.data.augment import Balls, Image

SEAM = (0.25, 0.75)
"""Where the four parts may meet, as fractions of width and height."""


def mosaic(
    samples: Sequence[tuple[Image, Balls]], size: int | tuple[int, int], rng: np.random.Generator
) -> tuple[Image, Balls]:
    """Join parts of four pictures round a random point.

    samples: four pictures (H, W, 3 * T) uint8, each with its balls (M, 4), centre and size in its pixels.
    size: edge of the result, or its width and height, in pixels.
    Each part is cut at a random place and keeps its scale: a ball of five pixels must not become one of
    two. A picture smaller than its part is padded below and to the right with black, as whole frames are.
    Returns (height, width, 3 * T) and the balls whose centres are still to be seen, their boxes cut at the
    seams, part by part from the top left to the bottom right.
    Source: Bochkovskiy et al. 2020 (YOLOv4), section 3.3.
    """
    if len(samples) != 4:
        raise ValueError(f"a mosaic joins 4 pictures, not {len(samples)}")
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
        _place(canvas, image, balls, part, rng) for (image, balls), part in zip(samples, parts, strict=True)
    ]
    return canvas, np.concatenate(kept)


def _place(
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
