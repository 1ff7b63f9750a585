"""Propose people on grass without a trained model: upright blobs that differ from the turf around them.

For pre-annotation only: it knows colours and sizes, not people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.io.image_reader import Image

Box = tuple[float, float, float, float]
Mask = NDArray[np.uint8]
Floats = NDArray[np.float64]
Pixels = NDArray[np.float64]
"""(N, 2) column, row."""

_WORKING_WIDTH = 1280
"""Larger frames are scaled down to this width, in which people are still ten pixels or taller."""
_GREEN_HUES = (28, 92)
_HUE_SPREAD = 9
_MIN_TURF = 0.08
"""Smaller share of the frame is no pitch but a close-up of the stands, or a studio."""
_CONTRAST, _LIMB_CONTRAST = 20.0, 13.0
"""Colour distance from the turf of a body, and of its thin and blurred limbs."""
_MAX_LINE_SHARE = 0.6
_WIDE, _TALL, _SPLIT_STEPS = 0.85, 1.65, 5
"""Width and height, in heights of a person, from which a blob is split in two; iterations of the split."""
_MIN_THICKNESS = 0.15
"""Smallest thickness of a body, in its own heights; a piece of the centre circle is thinner."""
_LINE_LENGTH, _DIRECTIONS = 0.08, 32
"""Length in frame heights of a pitch line, and number of directions between 0 and 180 degrees."""
_MIN_FOR_PERSPECTIVE = 6


@dataclass(frozen=True, slots=True)
class Proposal:
    """A box that may contain a person."""

    box: Box
    """Left, top, width, height in frame pixels."""
    confidence: float
    """How person-like size and shape are, 0 to 1; not a probability."""


def propose_players(image: Image) -> list[Proposal]:
    """Return person-like boxes on the pitch, from left to right; none without grass.

    image: (height, width, 3) BGR.
    """
    scale = min(1.0, _WORKING_WIDTH / image.shape[1])
    small = np.asarray(
        image if scale == 1.0 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA),
        np.uint8,
    )
    turf, pitch = _pitch(small)
    if turf is None or pitch is None:
        return []
    away = _away_from_turf(small, turf) * pitch
    blobs = _blobs(away, small.shape[0])
    heights = _expected_heights(blobs, small.shape[0])
    found = []
    for blob, height in _split(blobs, heights):
        (x, y, w, h), area = _bounding_box(blob), len(blob)
        ratio = h / height
        if not 0.55 < ratio < 1.75 or w > 1.25 * max(h, height):
            continue
        fill = area / (w * h)
        confidence = 0.9 * min(ratio, 1 / ratio) * min(1.0, 2 * fill) * min(1.0, h / w)
        box = (x / scale, y / scale, w / scale, h / scale)
        found.append(Proposal(box, round(float(min(0.9, confidence)), 3)))
    return sorted(found, key=lambda proposal: proposal.box)


def _pitch(image: Image) -> tuple[Mask | None, Mask | None]:
    """Return masks of the turf and of its convex hull; None where there is no pitch."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hue, saturation, value = (hsv[..., channel].astype(np.int16) for channel in range(3))
    green = (hue >= _GREEN_HUES[0]) & (hue <= _GREEN_HUES[1]) & (saturation > 50) & (value > 25)
    if green.mean() < _MIN_TURF:
        return None, None
    counts = np.bincount(hue[green], minlength=180)
    turf_hue = int(np.convolve(counts, np.ones(5), "same").argmax())
    mask = (green & (np.abs(hue - turf_hue) <= _HUE_SPREAD)).astype(np.uint8)
    whole = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    whole = cv2.morphologyEx(whole, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(whole)
    if count < 2:
        return None, None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    if stats[largest, cv2.CC_STAT_AREA] < _MIN_TURF * mask.size:
        return None, None
    body = (labels == largest).astype(np.uint8)
    outlines, _ = cv2.findContours(body, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(max(outlines, key=cv2.contourArea))
    pitch = np.zeros_like(mask)
    cv2.fillPoly(pitch, [hull], 1)
    edge = max(1, round(0.006 * image.shape[0]))
    pitch = cv2.erode(pitch, np.ones((3, 3), np.uint8), iterations=edge)
    return np.asarray(body * mask, np.uint8), np.asarray(pitch, np.uint8)


def _away_from_turf(image: Image, turf: Mask) -> Floats:
    """Return how much each pixel differs from the turf nearby, in colour more than in brightness.

    Mown stripes and shadows differ in brightness only.
    """
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB).astype(np.float32)
    weight = turf.astype(np.float32)
    window = (round(0.06 * image.shape[1]) | 1,) * 2
    near = cv2.boxFilter(weight, -1, window) + 1e-3
    turf_colour = np.dstack([cv2.boxFilter(lab[..., k] * weight, -1, window) / near for k in range(3)])
    away = (lab - turf_colour) * np.array([0.6, 1.5, 1.5], np.float32)
    return np.asarray(np.sqrt(np.square(away).sum(axis=2)), np.float64)


def _blobs(away: Floats, frame_height: int) -> list[Pixels]:
    """Return the pixels of each blob that is thicker than a pitch line, with the limbs around it."""
    line = max(3, round(frame_height / 160) | 1)
    body = (away > _CONTRAST).astype(np.uint8)
    lines = _lines(body, line, frame_height)
    body &= 1 - lines
    thick = cv2.morphologyEx(body, cv2.MORPH_OPEN, np.ones((line + 1, line), np.uint8))
    around = cv2.dilate(thick, np.ones((2 * line + 1, line), np.uint8))
    limbs = around & (away > _LIMB_CONTRAST) & (body | (away < _CONTRAST))
    whole = cv2.morphologyEx(limbs.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((line + 2, line), np.uint8))
    inside = cv2.distanceTransform(whole, cv2.DIST_L2, 3)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(whole)
    found = []
    near_lines = cv2.dilate(lines, np.ones((2 * line + 1, 2 * line + 1), np.uint8))
    for number, (x, y, w, h, area) in enumerate(stats[1:].astype(int).tolist(), start=1):
        if not 0.02 * frame_height <= h <= 0.9 * frame_height or h > 6 * w or area < 0.25 * w * h:
            continue
        rows, columns = np.nonzero(labels[y : y + h, x : x + w] == number)
        rows, columns = rows + y, columns + x
        thickness = 2 * float(inside[rows, columns].max()) - 1
        if (
            thickness >= max(_MIN_THICKNESS * h, line + 1)
            and near_lines[rows, columns].mean() < _MAX_LINE_SHARE
        ):
            found.append(np.column_stack([columns, rows]).astype(np.float64))
    return found


def _bounding_box(blob: Pixels) -> Box:
    x, y = blob.min(axis=0)
    right, foot = blob.max(axis=0) + 1
    return float(x), float(y), float(right - x), float(foot - y)


def _split(blobs: list[Pixels], heights: Floats) -> Iterator[tuple[Pixels, float]]:
    """Split blobs that are too wide or too tall for one person, by 2-means of their pixels."""
    for blob, height in zip(blobs, heights.tolist(), strict=True):
        _, _, w, h = _bounding_box(blob)
        if w < _WIDE * height and h < _TALL * height:
            yield blob, height
            continue
        along = (blob - blob.mean(axis=0))[:, 0 if w >= _WIDE * height else 1]
        centres = np.array([blob[along < 0].mean(axis=0), blob[along >= 0].mean(axis=0)])
        near = along >= 0
        for _ in range(_SPLIT_STEPS):
            near = np.linalg.norm(blob - centres[1], axis=1) < np.linalg.norm(blob - centres[0], axis=1)
            if near.all() or not near.any():
                break
            centres = np.array([blob[~near].mean(axis=0), blob[near].mean(axis=0)])
        yield from ((part, height) for part in (blob[~near], blob[near]) if len(part))


def _lines(foreground: Mask, line: int, frame_height: int) -> Mask:
    """Return the mask of pitch lines: straight, longer than a person, and thin."""
    length = max(9, round(_LINE_LENGTH * frame_height)) | 1
    long = np.zeros_like(foreground)
    for turn in range(_DIRECTIONS):
        angle = np.pi * turn / _DIRECTIONS
        dx, dy = np.cos(angle) * length / 2, np.sin(angle) * length / 2
        element = np.zeros((length, length), np.uint8)
        middle = length // 2
        ends = [(round(middle - dx), round(middle - dy)), (round(middle + dx), round(middle + dy))]
        cv2.line(element, ends[0], ends[1], 1)
        rows, columns = element.any(axis=1), element.any(axis=0)
        element = np.ascontiguousarray(element[rows][:, columns])
        long |= cv2.morphologyEx(foreground, cv2.MORPH_OPEN, element)
    bulk = cv2.morphologyEx(foreground, cv2.MORPH_OPEN, np.ones((2 * line, 2 * line), np.uint8))
    return np.asarray(long & (1 - cv2.dilate(bulk, np.ones((line, line), np.uint8))), np.uint8)


def _expected_heights(blobs: list[Pixels], frame_height: int) -> Floats:
    """Return the height of a person where each blob stands: linear over the frame, by the median of slopes.

    With few blobs each has its own height.
    """
    boxes = np.array([_bounding_box(blob) for blob in blobs]).reshape(-1, 4)
    if len(boxes) < _MIN_FOR_PERSPECTIVE:
        return np.asarray(boxes[:, 3], np.float64)
    feet, heights = boxes[:, 1] + boxes[:, 3], boxes[:, 3]
    i, j = np.triu_indices(len(boxes), 1)
    apart = np.abs(feet[i] - feet[j]) > 0.05 * frame_height
    slope = 0.0
    if apart.any():
        slope = float(np.median((heights[j] - heights[i])[apart] / (feet[j] - feet[i])[apart]))
    offset = float(np.median(heights - slope * feet))
    return np.asarray(np.maximum(slope * feet + offset, 0.02 * frame_height), np.float64)
