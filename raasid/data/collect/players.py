"""Where people stand on grass, without a trained model: what differs from the turf around it and is upright.

A proposal for annotators, not a detector to be measured: it knows colours and sizes, not people.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.data.media import Image

Box = tuple[float, float, float, float]
Mask = NDArray[np.uint8]
Floats = NDArray[np.float64]

_WORKING_WIDTH = 1280
"""Larger frames are looked at this wide; persons there are still ten pixels and more."""
_GREEN_HUES = (28, 92)
_HUE_SPREAD = 9
_LEAST_TURF = 0.08
"""Less of the frame is no pitch: a close-up of the stands, a studio."""
_CONTRAST, _LIMB_CONTRAST = 20.0, 13.0
"""How far from the turf's colour a body is, and its thin and blurred limbs."""
_THINNEST = 0.15
"""A body is at least this thick, in its own heights; a piece of the centre circle is not."""
_FEWEST_FOR_PERSPECTIVE = 6


@dataclass(frozen=True, slots=True)
class Proposal:
    """A place where a person may be."""

    box: Box
    """Left, top, width, height in frame pixels."""
    confidence: float
    """How person-like its size and shape are, 0 to 1; no probability."""


def propose_players(image: Image) -> list[Proposal]:
    """Return people-like places on the pitch, from left to right.

    image: (h, w, 3) blue-green-red. No grass, no proposals.
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
    usual = _usual_heights(blobs, small.shape[0])
    found = []
    for (x, y, w, h, area), height in zip(blobs, usual, strict=True):
        ratio = h / height
        if not 0.55 < ratio < 1.75 or w > 1.25 * max(h, height):
            continue
        fill = area / (w * h)
        confidence = 0.9 * min(ratio, 1 / ratio) * min(1.0, 2 * fill) * min(1.0, h / w)
        box = (x / scale, y / scale, w / scale, h / scale)
        found.append(Proposal(box, round(float(min(0.9, confidence)), 3)))
    return sorted(found, key=lambda proposal: proposal.box)


def _pitch(image: Image) -> tuple[Mask | None, Mask | None]:
    """Turf pixels, and the convex area that they span; None where there is no pitch."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hue, saturation, value = (hsv[..., channel].astype(np.int16) for channel in range(3))
    green = (hue >= _GREEN_HUES[0]) & (hue <= _GREEN_HUES[1]) & (saturation > 50) & (value > 25)
    if green.mean() < _LEAST_TURF:
        return None, None
    counts = np.bincount(hue[green], minlength=180)
    usual = int(np.convolve(counts, np.ones(5), "same").argmax())
    mask = (green & (np.abs(hue - usual) <= _HUE_SPREAD)).astype(np.uint8)
    whole = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    whole = cv2.morphologyEx(whole, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(whole)
    if count < 2:
        return None, None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    if stats[largest, cv2.CC_STAT_AREA] < _LEAST_TURF * mask.size:
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
    """How much each pixel differs from the turf near it, in colour more than in brightness.

    Mown stripes and shadows are no persons.
    """
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB).astype(np.float32)
    weight = turf.astype(np.float32)
    window = (round(0.06 * image.shape[1]) | 1,) * 2
    near = cv2.boxFilter(weight, -1, window) + 1e-3
    usual = np.dstack([cv2.boxFilter(lab[..., k] * weight, -1, window) / near for k in range(3)])
    away = (lab - usual) * np.array([0.6, 1.5, 1.5], np.float32)
    return np.asarray(np.sqrt(np.square(away).sum(axis=2)), np.float64)


def _blobs(away: Floats, frame_height: int) -> list[tuple[float, float, float, float, float]]:
    """Left, top, width, height, area of what is thicker than a pitch line, with the limbs around it."""
    line = max(3, round(frame_height / 160) | 1)
    body = (away > _CONTRAST).astype(np.uint8)
    thick = cv2.morphologyEx(body, cv2.MORPH_OPEN, np.ones((line + 1, line), np.uint8))
    limbs = cv2.dilate(thick, np.ones((2 * line + 1, line), np.uint8)) & (away > _LIMB_CONTRAST)
    whole = cv2.morphologyEx(limbs.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((line + 2, line), np.uint8))
    inside = cv2.distanceTransform(whole, cv2.DIST_L2, 3)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(whole)
    found = []
    for number, (x, y, w, h, area) in enumerate(stats[1:].astype(float).tolist(), start=1):
        here = np.s_[int(y) : int(y + h), int(x) : int(x + w)]
        thickness = 2 * float(inside[here][labels[here] == number].max())
        if thickness < _THINNEST * h:
            continue
        upright = w <= 1.6 * h and h <= 6 * w
        if 0.02 * frame_height <= h <= 0.9 * frame_height and upright and area >= 0.25 * w * h:
            found.append((x, y, w, h, area))
    return found


def _usual_heights(blobs: list[tuple[float, float, float, float, float]], frame_height: int) -> Floats:
    """Return how tall a person is where each blob stands: a line over the frame, by the median of slopes.

    Few blobs tell no line; then each is taken to be as tall as it is.
    """
    boxes = np.array(blobs).reshape(-1, 5)
    if len(boxes) < _FEWEST_FOR_PERSPECTIVE:
        return np.asarray(boxes[:, 3], np.float64)
    feet, heights = boxes[:, 1] + boxes[:, 3], boxes[:, 3]
    i, j = np.triu_indices(len(boxes), 1)
    apart = np.abs(feet[i] - feet[j]) > 0.05 * frame_height
    slope = 0.0
    if apart.any():
        slope = float(np.median((heights[j] - heights[i])[apart] / (feet[j] - feet[i])[apart]))
    offset = float(np.median(heights - slope * feet))
    return np.asarray(np.maximum(slope * feet + offset, 0.02 * frame_height), np.float64)
