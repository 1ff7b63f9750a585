"""What the checks keep of a picture: a few numbers, a hash and a thumbnail.

All pictures of some footage, looked at once, one at a time.

Pairs of pictures that are one: first by hash, then by thumbnail.
"""

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
Grey = NDArray[np.float32]

_WIDTH = 480
"""Measures are taken at this width: the same picture in two sizes looks alike."""
_THUMB = (48, 27)
_FIELDS = (6, 4)
_STRONGEST = 0.95
_WORTH = 0.25
"""Of the steepest field's slope: flatter ones show noise."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageStats:
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


def to_gray(image: Image) -> Grey:
    """Return brightness (h, w), 0 to 255, at most 480 wide."""
    small = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    height, width = small.shape
    if width > _WIDTH:
        size = (_WIDTH, max(1, round(height * _WIDTH / width)))
        small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA))
    return small.astype(np.float32)


def measure_image(image: Image, small: Grey, before: Grey | None) -> ImageStats:
    """Take the measures of a picture.

    small: `grey(image)`. before: that of the frame before in the same clip, if there is one.
    """
    moved = changed = float("nan")
    if before is not None and before.shape == small.shape:
        change = cv2.absdiff(small, before)
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


FrameKey = tuple[str, int]
"""Clip id and `Frame.index`."""


@dataclass(frozen=True, slots=True)
class ImageStatsIndex:
    """What could be seen, and what could not."""

    by_frame: dict[FrameKey, ImageStats] = field(default_factory=dict)
    missing: set[FrameKey] = field(default_factory=set)
    """Frames whose file is not there."""
    unreadable: dict[FrameKey, str] = field(default_factory=dict)
    """Frames whose file is there, and what is wrong with it: `what: value seen`."""


def compute_image_stats(clips: Sequence[Clip], advance: Callable[[int], None]) -> ImageStatsIndex:
    """Look at every frame; memory holds one picture and a look of about 1.5 KB a frame.

    advance: message 1 for each frame.
    """
    images = ImageStatsIndex()
    gone: dict[Path, bool] = {}
    for clip in clips:
        before: Grey | None = None
        there = []
        for frame in clip.frames:
            if frame.image not in gone:
                gone[frame.image] = not frame.image.exists()
            if gone[frame.image]:
                images.missing.add((clip.id, frame.index))
                advance(1)
            else:
                there.append(frame)
        for frame, image in read_frames(there):
            key = (clip.id, frame.index)
            if isinstance(image, ImageUnreadable):
                images.unreadable[key] = image.reason
                before = None
            else:
                small = to_gray(image)
                images.by_frame[key] = measure_image(image, small, before)
                before = small
            advance(1)
    return images


_BLOCK = 32
"""Rows at a time: a row of 100,000 hashes is 0.8 MB, and a block should stay near the processor."""
_NEAREST = 32
"""Candidates of one frame that are compared: a camera that never moves makes thousands."""


def find_same_images(
    looks: Sequence[ImageStats], group: NDArray[np.int64], bits: int, most: float
) -> Iterator[tuple[int, int, float]]:
    """Yield (i, j, difference) with i < j for pictures that are one, each j once, with its most alike i.

    group: (N,) a pair is looked at only where its numbers differ. bits, most: the largest distance of
    hashes and of thumbnails. Exact over all pairs of hashes: N * N / 2 popcounts, a block of rows at a time.
    """
    hashes = np.array([seen.hash for seen in looks], np.uint64)
    for start in range(0, len(hashes), _BLOCK):
        rows = hashes[start : start + _BLOCK, None]
        apart = np.bitwise_count(rows ^ hashes[None, : start + _BLOCK])
        near = apart <= bits
        for row in np.flatnonzero(near.sum(axis=1) > 1).tolist():  # each is near itself
            j = start + row
            others = np.flatnonzero(near[row, :j])
            others = others[group[others] != group[j]]
            if not len(others):
                continue
            if len(others) > _NEAREST:
                others = others[np.argsort(apart[row, others], kind="stable")[:_NEAREST]]
            gaps = [(difference(looks[i].thumb, looks[j].thumb), i) for i in others.tolist()]
            gap, i = min(gaps)
            if gap <= most:
                yield i, j, gap


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """How much two thumbnails differ where they differ most, apart from gain and offset; 1 is white to black.

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
