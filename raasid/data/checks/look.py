"""What the checks keep of a picture: a few numbers, a hash and a thumbnail."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Grey = NDArray[np.float32]

_WIDTH = 480
"""Measures are taken at this width: the same picture in two sizes looks alike."""
_THUMB = (48, 27)
_FIELDS = (6, 4)
_STRONGEST = 0.95
_WORTH = 0.25
"""Of the steepest field's slope: flatter ones show noise."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One picture in small; brightness runs from 0 to 1."""

    size: tuple[int, int]
    """Width, height of the picture itself, pixels."""
    brightness: float
    highlight: float
    """The 99th percentile of brightness."""
    contrast: float
    """Standard deviation of brightness."""
    sharpness: float
    """Curvature over slope at the strongest edges; free of contrast and size."""
    moved: float
    """Mean change since the frame before in that one of 48 by 27 fields which changes most, 1 being white to
    black; NaN for the first. Compression changes all fields a little, a moving leg changes one a lot."""
    changed: float
    """Mean change since the frame before over the whole picture; the noise of a live camera is in it."""
    hash: int
    """64 bits."""
    thumb: Image
    """(27, 48) grey."""


def grey(image: Image) -> Grey:
    """Return brightness (h, w), 0 to 255, at most 480 wide."""
    small = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    height, width = small.shape
    if width > _WIDTH:
        size = (_WIDTH, max(1, round(height * _WIDTH / width)))
        small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA))
    return small.astype(np.float32)


def look(image: Image, small: Grey, before: Grey | None) -> Look:
    """Take the measures of a picture.

    small: `grey(image)`. before: that of the frame before in the same clip, if there is one.
    """
    moved = changed = float("nan")
    if before is not None and before.shape == small.shape:
        change = cv2.absdiff(small, before)
        changed = float(change.mean()) / 255
        moved = float(cv2.resize(change, _THUMB, interpolation=cv2.INTER_AREA).max()) / 255
    return Look(
        size=(image.shape[1], image.shape[0]),
        brightness=float(small.mean()) / 255,
        highlight=float(np.quantile(small, 0.99)) / 255,
        contrast=float(small.std()) / 255,
        sharpness=sharpness(small),
        moved=moved,
        changed=changed,
        hash=perceptual_hash(small),
        thumb=np.asarray(cv2.resize(small, _THUMB, interpolation=cv2.INTER_AREA)).round().astype(np.uint8),
    )


def sharpness(small: Grey) -> float:
    """How sharp the sharper part of a picture is: about 1 / sigma of its edges in pixels; 0 without any edge.

    A step that a lens spreads over sigma pixels has curvature over slope of about 1 / sigma, whatever its
    height; looking at the strongest edges alone leaves noise and grass out. Curvature is taken on the edge
    and beside it, and the geometric mean of both: on a long straight edge it passes through 0. Of 24
    fields, those with edges worth the name count, and of these the upper quartile: a soft advertisement
    does not blur a picture, and a crisp score board does not sharpen it.
    """
    slope = cv2.magnitude(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1))
    on = np.abs(cv2.Laplacian(small, cv2.CV_32F))
    beside = cv2.dilate(on, np.ones((3, 3), np.uint8))
    steep, curved = [], []
    for rows in np.array_split(np.arange(small.shape[0]), _FIELDS[1]):
        for columns in np.array_split(np.arange(small.shape[1]), _FIELDS[0]):
            if not len(rows) or not len(columns):
                continue
            field = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            strong = slope[field] >= np.quantile(slope[field], _STRONGEST)
            steep.append(float(slope[field][strong].mean()))
            curved.append(float(np.sqrt(on[field][strong].mean() * beside[field][strong].mean())))
    slopes = np.array(steep)
    worth = (slopes >= _WORTH * slopes.max()) & (slopes > 0)
    return float(np.quantile(np.array(curved)[worth] / slopes[worth], 0.75)) if worth.any() else 0.0


def perceptual_hash(small: Grey) -> int:
    """64 bits: which of the 8 by 8 lowest frequencies are above their median (the mean left out).

    Source: Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010, DCT hash.
    """
    waves = cv2.dct(np.asarray(cv2.resize(small, (32, 32), interpolation=cv2.INTER_AREA)))
    low = np.asarray(waves[1:9, 1:9]).ravel()
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")
