"""People on grass, found without any model: what is not lawn, stands upright and is as large as a person.

It proposes boxes for annotators to look into and for people to correct; it is no detector. Shadows, the
edges of the pitch and players in front of boards escape it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Mask = NDArray[np.uint8]

SOURCE = "grass/2"
_HUES = (28, 95)
"""Hues (of 180) that lawn may have, from dry yellow-green to floodlit blue-green."""
_LEAST_GRASS = 0.15
"""A picture with less of it shows no pitch that one could judge by."""
_WORKING_HEIGHT = 540
"""Pictures are looked at no larger than this: sizes below are pixels of it."""
_CONTRAST = 15.0
"""Distance in Lab from the lawn round about that is something else."""
_TALL = (0.022, 0.45)
"""Heights of a person, as shares of the picture's height."""
_ASPECT = (1.05, 4.6)
"""Height over width; arms and strides make people broad."""
_FILL = 0.24


@dataclass(frozen=True, slots=True)
class Proposal:
    """A box (left, top, width, height in pixels) and how much it looks like a person, 0 to 1."""

    box: tuple[float, float, float, float]
    score: float


def people_on_grass(image: Image) -> list[Proposal]:
    """Propose persons in a picture (height, width, 3) blue-green-red, from left to right."""
    scale = min(1.0, _WORKING_HEIGHT / image.shape[0])
    small = image
    if scale < 1:
        small = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    lawn = _lawn(small)
    if lawn.mean() < 255 * _LEAST_GRASS:
        return []
    pitch = _pitch(lawn)
    strange, thin = _strange(small, lawn, pitch)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(strange, connectivity=8)
    out = []
    for label, (left, top, width, height, area) in enumerate(stats[1:count].tolist(), start=1):
        score = _score(width, height, area, small.shape[0])
        window = np.s_[top : top + height, left : left + width]
        if (
            score
            and _stands_on(pitch, left, top, width, height)
            and not _is_paint(small[window][labels[window] == label])
        ):
            low = _feet(thin, left, top + height, width, height)
            edge = 0.05 * height  # the outermost pixels are mixed with lawn
            box = (left - edge, top - edge, width + 2 * edge, low - top + 2 * edge)
            out.append(Proposal((box[0] / scale, box[1] / scale, box[2] / scale, box[3] / scale), score))
    return sorted(out, key=lambda proposal: proposal.box)


def _lawn(image: Image) -> Mask:
    """Pixels that have the hue of most of what is green."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    green = (hue >= _HUES[0]) & (hue <= _HUES[1]) & (saturation > 40) & (value > 25)
    if not green.any():
        return np.zeros(hue.shape, np.uint8)
    usual = float(np.median(hue[green]))
    return np.asarray((green & (np.abs(hue.astype(np.float32) - usual) < 14)) * np.uint8(255), np.uint8)


def _pitch(lawn: Mask) -> Mask:
    """The largest lawn, with the holes that people and lines make in it filled."""
    closed = cv2.morphologyEx(lawn, cv2.MORPH_CLOSE, _ellipse(9))
    closed = cv2.morphologyEx(closed, cv2.MORPH_OPEN, _ellipse(9))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    if count < 2:
        return np.zeros_like(lawn)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    outlines, _ = cv2.findContours((labels == largest).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(lawn)
    cv2.drawContours(filled, outlines, -1, 255, cv2.FILLED)
    return filled


def _strange(image: Image, lawn: Mask, pitch: Mask) -> tuple[Mask, Mask]:
    """What differs from the lawn round about and is thicker than a line; and what differs at all."""
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2Lab)
    usual = _lawn_colour(lab, lawn)
    gap = cv2.absdiff(lab, usual).astype(np.float32)
    far = np.sqrt(0.5 * gap[..., 0] ** 2 + gap[..., 1] ** 2 + gap[..., 2] ** 2) > _CONTRAST
    mask = np.asarray((far & (pitch > 0)) * np.uint8(255), np.uint8)
    thick = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_RECT, (3, 5)))
    grown = thick
    for _ in range(4):  # back to the legs and arms that thinning took, but not along the lines
        grown = cv2.bitwise_and(cv2.dilate(grown, _ellipse(3)), mask)
    return np.asarray(cv2.morphologyEx(grown, cv2.MORPH_CLOSE, np.ones((5, 3), np.uint8)), np.uint8), mask


def _lawn_colour(lab: Image, lawn: Mask) -> Image:
    """The lawn's colour at each pixel: the mean of lawn pixels in a wide window."""
    quarter = (max(1, lab.shape[1] // 4), max(1, lab.shape[0] // 4))
    weight = cv2.resize((lawn > 0).astype(np.float32), quarter, interpolation=cv2.INTER_AREA)
    colour = cv2.resize(
        lab.astype(np.float32) * (lawn > 0)[..., None], quarter, interpolation=cv2.INTER_AREA
    )
    window = (2 * (quarter[1] // 16) + 1,) * 2
    weight = cv2.blur(weight, window)[..., None]
    colour = cv2.blur(colour, window) / np.maximum(weight, 0.02)
    wide = cv2.resize(colour, (lab.shape[1], lab.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(wide, 0, 255), np.uint8)


def _score(width: int, height: int, area: int, picture_height: int) -> float:
    """How much a blob has the shape of a person; 0 when it has not."""
    tall, aspect, fill = height / picture_height, height / width, area / (width * height)
    if not (_TALL[0] <= tall <= _TALL[1] and _ASPECT[0] <= aspect <= _ASPECT[1] and fill >= _FILL):
        return 0.0
    return round(float(np.exp(-((np.log(aspect / 2.3) / 0.6) ** 2)) * min(1.0, fill / 0.5)), 3)


def _feet(thin: Mask, left: int, bottom: int, width: int, height: int) -> int:
    """Row below the feet: shins are as thin as lines, so they are followed down from the body."""
    last, gap = bottom, 0
    for row in range(bottom, min(bottom + int(0.4 * height), thin.shape[0])):
        across = int(np.count_nonzero(thin[row, max(0, left - width // 3) : left + width + width // 3]))
        gap = gap + 1 if across == 0 else 0
        if across > 0.8 * width or gap > 2:  # a line, or nothing
            break
        last = row + 1 if across else last
    return last


def _is_paint(pixels: Image) -> bool:
    """Whether a blob's pixels (n, 3) are those of a line: grey to white all over, and nothing dark."""
    values = pixels.astype(np.float32)
    level, colour = values.mean(axis=1), np.ptp(values, axis=1)
    return bool(np.percentile(level, 15) > 88 and level.std() < 30 and np.percentile(colour, 60) < 75)


def _stands_on(pitch: Mask, left: int, top: int, width: int, height: int) -> bool:
    """Whether there is lawn to both sides of the feet."""
    foot = min(top + height - 1, pitch.shape[0] - 1)
    sides = (left - width // 2 - 1, left + width + width // 2)
    return all(0 <= x < pitch.shape[1] and pitch[foot, x] for x in sides)


def _ellipse(size: int) -> Mask:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
