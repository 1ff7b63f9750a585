"""Cut a picture by an affine map, in the coordinates of the records: a pixel's centre lies at + 0.5."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.data.augment import Image

Array = NDArray[np.float32]


def warp(image: Image, matrix: Array, size: tuple[int, int]) -> Image:
    """(H, W, 3) -> (height, width, 3); black beyond the edges.

    matrix: (2, 3) from the picture's pixels to those of the result, whose (width, height) is `size`.
    Bilinear; a picture that shrinks is smoothed first, or lines and grain would flicker.
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    indexed = matrix.astype(np.float64).copy()
    if scale < SMOOTHED_BELOW:
        ratio = 1 / round(1 / scale)
        image = cv2.resize(image, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
        indexed[:, :2] /= ratio
    indexed[:, 2] += indexed[:, :2] @ (0.5, 0.5) - 0.5
    return np.asarray(cv2.warpAffine(image, indexed, size, flags=cv2.INTER_LINEAR), np.uint8)


SMOOTHED_BELOW = 0.67


def mirror(matrix: Array, width: int) -> Array:
    """The map whose result is `matrix`'s, `width` pixels wide, with left and right exchanged."""
    turned = matrix.copy()
    turned[0] *= -1
    turned[0, 2] += width
    return turned
