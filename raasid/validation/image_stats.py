"""Measurements of every image (brightness, sharpness, change, hash), and images that are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.footage.frame_reader import read_frames
from raasid.footage.records import Clip
from raasid.io.image_reader import ImageUnreadable

Image = NDArray[np.uint8]
Gray = NDArray[np.float32]

_WIDTH = 480
"""Images are measured at this width, so that one image in two sizes gives similar values."""
_THUMB = (48, 27)
_GRID = (6, 4)
_EDGE_QUANTILE = 0.95
_MIN_RELATIVE_SLOPE = 0.25
"""Of the steepest cell's slope; flatter cells contain only noise."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageStats:
    """Measurements of one image; brightness is 0 to 1."""

    size: tuple[int, int]
    """Width, height of the image, pixels."""
    brightness: float
    highlight: float
    """The 99th percentile of brightness."""
    contrast: float
    """Standard deviation of brightness."""
    sharpness: float
    """Curvature over slope at the strongest edges; independent of contrast and size."""
    moved: float
    """Mean change since the previous frame in the one of 48 by 27 cells that changes most, 1 from white to
    black; NaN for the first frame. Compression changes all cells a little, a moving leg changes one a lot."""
    changed: float
    """Mean change since the previous frame over the whole image; includes the noise of a live camera."""
    hash: int
    """64 bits."""
    thumb: Image
    """(27, 48) grey."""


def to_gray(image: Image) -> Gray:
    """Return brightness (height, width), 0 to 255, at most 480 wide."""
    small = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    height, width = small.shape
    if width > _WIDTH:
        size = (_WIDTH, max(1, round(height * _WIDTH / width)))
        small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA))
    return small.astype(np.float32)


def measure_image(image: Image, small: Gray, previous: Gray | None) -> ImageStats:
    """Measure an image.

    small: `to_gray(image)`. previous: the same of the previous frame in the clip, if there is one.
    """
    moved = changed = float("nan")
    if previous is not None and previous.shape == small.shape:
        change = cv2.absdiff(small, previous)
        changed = float(change.mean()) / 255
        moved = float(cv2.resize(change, _THUMB, interpolation=cv2.INTER_AREA).max()) / 255
    return ImageStats(
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


def sharpness(small: Gray) -> float:
    """Return the sharpness of the sharper part of an image: about 1 / sigma of its edges in pixels.

    A step that a lens spreads over sigma pixels has a curvature over slope of about 1 / sigma, whatever its
    height; only the strongest edges count, which excludes noise and grass. Curvature is the geometric mean of
    its values on and next to the edge, because on a long straight edge it passes through 0. Of 24 cells,
    those with clear edges count, by their upper quartile: a soft advertisement does not blur an image, and
    a crisp score board does not sharpen it. 0 without any edge.
    """
    slope = cv2.magnitude(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1))
    on_edge = np.abs(cv2.Laplacian(small, cv2.CV_32F))
    near_edge = cv2.dilate(on_edge, np.ones((3, 3), np.uint8))
    steep, curved = [], []
    for rows in np.array_split(np.arange(small.shape[0]), _GRID[1]):
        for columns in np.array_split(np.arange(small.shape[1]), _GRID[0]):
            if not len(rows) or not len(columns):
                continue
            cell = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            strong = slope[cell] >= np.quantile(slope[cell], _EDGE_QUANTILE)
            steep.append(float(slope[cell][strong].mean()))
            curved.append(float(np.sqrt(on_edge[cell][strong].mean() * near_edge[cell][strong].mean())))
    slopes = np.array(steep)
    clear = (slopes >= _MIN_RELATIVE_SLOPE * slopes.max()) & (slopes > 0)
    return float(np.quantile(np.array(curved)[clear] / slopes[clear], 0.75)) if clear.any() else 0.0


def perceptual_hash(small: Gray) -> int:
    """Return 64 bits: which of the 8 by 8 lowest frequencies exceed their median (without the mean).

    Source: Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010, DCT hash.
    """
    frequencies = cv2.dct(np.asarray(cv2.resize(small, (32, 32), interpolation=cv2.INTER_AREA)))
    low = np.asarray(frequencies[1:9, 1:9]).ravel()
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")


FrameKey = tuple[str, int]
"""Clip id and `Frame.index`."""


@dataclass(frozen=True, slots=True)
class ImageStatsIndex:
    """The measurements of all frames of some footage."""

    by_frame: dict[FrameKey, ImageStats] = field(default_factory=dict)
    missing: set[FrameKey] = field(default_factory=set)
    """Frames whose file does not exist."""
    unreadable: dict[FrameKey, str] = field(default_factory=dict)
    """Frames whose file cannot be decoded, with the reason: `what: value seen`."""


def compute_image_stats(clips: Sequence[Clip], update: Callable[[int], None]) -> ImageStatsIndex:
    """Measure every frame; holds one image and about 1.5 KB per frame in memory.

    update: called with 1 for each frame.
    """
    images = ImageStatsIndex()
    is_missing: dict[Path, bool] = {}
    for clip in clips:
        previous: Gray | None = None
        existing = []
        for frame in clip.frames:
            if frame.image not in is_missing:
                is_missing[frame.image] = not frame.image.exists()
            if is_missing[frame.image]:
                images.missing.add((clip.id, frame.index))
                update(1)
            else:
                existing.append(frame)
        for frame, image in read_frames(existing):
            key = (clip.id, frame.index)
            if isinstance(image, ImageUnreadable):
                images.unreadable[key] = image.reason
                previous = None
            else:
                small = to_gray(image)
                images.by_frame[key] = measure_image(image, small, previous)
                previous = small
            update(1)
    return images


_BLOCK = 32
"""Rows at a time: a row of 100,000 hashes is 0.8 MB, and a block should stay near the processor."""
_MAX_CANDIDATES = 32
"""Candidates of one frame that are compared: a camera that never moves makes thousands."""


def find_same_images(
    stats: Sequence[ImageStats], group: NDArray[np.int64], max_bits: int, max_difference: float
) -> Iterator[tuple[int, int, float]]:
    """Yield (i, j, difference) with i < j for images that are the same; each j once, with the nearest i.

    group: (N,) only pairs of different groups are compared. max_bits, max_difference: the largest distances
    of hashes and of thumbnails. Exact over all pairs of hashes: N * N / 2 popcounts, a block of rows at a
    time.
    """
    hashes = np.array([image.hash for image in stats], np.uint64)
    for start in range(0, len(hashes), _BLOCK):
        rows = hashes[start : start + _BLOCK, None]
        distances = np.bitwise_count(rows ^ hashes[None, : start + _BLOCK])
        near = distances <= max_bits
        for row in np.flatnonzero(near.sum(axis=1) > 1).tolist():  # each is near itself
            j = start + row
            others = np.flatnonzero(near[row, :j])
            others = others[group[others] != group[j]]
            if not len(others):
                continue
            if len(others) > _MAX_CANDIDATES:
                others = others[np.argsort(distances[row, others], kind="stable")[:_MAX_CANDIDATES]]
            smallest, i = min(
                (thumbnail_difference(stats[i].thumb, stats[j].thumb), i) for i in others.tolist()
            )
            if smallest <= max_difference:
                yield i, j, smallest


def thumbnail_difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Return the largest difference of two thumbnails, apart from gain and offset; 1 is white to black.

    Two shots of one pitch have the same large areas but not the same players: the largest difference
    counts, not the mean.
    """
    x, y = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    x, y = x - x.mean(), y - y.mean()
    power = float(x @ x)
    gain = float(x @ y) / power if power > 0 else 1.0
    if not 0.5 <= gain <= 2.0:
        return 1.0
    return float(np.quantile(np.abs(y - gain * x), 0.995)) / 255
