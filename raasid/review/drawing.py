"""Drawing primitives of the annotated video: ball with its trail, skeletons, the decisive arm, text.

Colours are Okabe and Ito's (2008) on dark halos; shape or width repeat whatever a colour says.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from raasid.footage.records import Ball, Frame, Person, Visibility
from raasid.io.image_reader import Image
from raasid.reports.frame_figure import TRUNK_AND_LEGS
from raasid.review.arm_distance import ARM_JOINTS

Colour = tuple[int, int, int]
Point = tuple[float, float]


def bgr(hexadecimal: str) -> Colour:
    """Convert `#d55e00` to OpenCV's blue, green, red."""
    red, green, blue = bytes.fromhex(hexadecimal.removeprefix("#"))
    return blue, green, red


BALL, BODY, LEFT_ARM, RIGHT_ARM, TOUCH = map(bgr, ("#f0e442", "#ffffff", "#e69f00", "#ff8fd0", "#d55e00"))
DARK = bgr("#14181d")
_TRAIL_S = 0.6
_FACE = cv2.FontFace("sans")
_SHIFT = 4
"""Fractional bits of the coordinates that OpenCV draws at."""


def draw_people(image: Image, persons: Sequence[Person], scale: float, arm: tuple[int, str] | None) -> None:
    """Draw thin skeletons, and the arm `arm` (track, side) with a halo."""
    for person in persons:
        if not person.keypoints:
            x, y, w, h = (value * scale for value in person.box)
            cv2.rectangle(image, (round(x), round(y)), (round(x + w), round(y + h)), BODY, 1, cv2.LINE_AA)
            continue
        points = [(x * scale, y * scale) if visible else None for x, y, visible in person.keypoints]
        for a, b in TRUNK_AND_LEGS:
            _bone(image, points[a], points[b], BODY, 1)
        for side, colour in (("left", LEFT_ARM), ("right", RIGHT_ARM)):
            shoulder, elbow, wrist = ARM_JOINTS[side]
            highlighted = arm == (person.track, side)
            for a, b in ((shoulder, elbow), (elbow, wrist)):
                if highlighted:
                    _bone(image, points[a], points[b], DARK, 6)
                _bone(image, points[a], points[b], colour, 3 if highlighted else 1)
            hand = points[wrist]
            if highlighted and hand is not None:
                _ring(image, hand, 6, DARK, 4)
                _ring(image, hand, 6, colour, 2)


def draw_ball(image: Image, trail: Sequence[Frame], frame_rate_hz: float, scale: float) -> None:
    """Draw the ball of the last frame with a fading trail; inferred positions are broken or dotted."""
    balls = [frame.balls[0] if frame.balls else None for frame in trail]
    balls = [None if ball is None or ball.visibility == Visibility.ABSENT else ball for ball in balls]
    max_age = max(2, round(_TRAIL_S * frame_rate_hz))
    recent = balls[-max_age:]
    for age in range(len(recent) - 1, 0, -1):
        before, after = recent[-age - 1], recent[-age]
        if before is not None and after is not None:
            strength = 1.0 - age / max_age
            _faded_line(image, _at(before, scale), _at(after, scale), strength, dotted=not after.visible)
    ball = recent[-1] if recent else None
    if ball is None:
        return
    radius = max(5.0, max(ball.w, ball.h) * scale / 2 + 2)
    if ball.visible:
        _ring(image, _at(ball, scale), radius, DARK, 4)
        _ring(image, _at(ball, scale), radius, BALL, 2)
    else:
        _broken_ring(image, _at(ball, scale), radius)


def draw_touch(image: Image, at: Point, scale: float) -> None:
    """Draw brackets around a touch, which point at it without covering it."""
    x, y = at[0] * scale, at[1] * scale
    r = 22.0
    for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        corner = (x + dx * r, y + dy * r)
        for tip in ((corner[0] - dx * 10, corner[1]), (corner[0], corner[1] - dy * 10)):
            _bone(image, corner, tip, DARK, 5)
            _bone(image, corner, tip, TOUCH, 3)


def draw_text(
    image: Image, text: str, at: Point, size: int, colour: Colour = BODY, weight: int = 400
) -> float:
    """Write text on its base line; return the x at which it ends."""
    end, _ = cv2.putText(image, text, (round(at[0]), round(at[1])), colour, _FACE, size, weight)
    return float(end[0])


def text_width(text: str, size: int, weight: int = 400) -> float:
    """Return the width of a text in pixels."""
    return float(cv2.getTextSize((0, 0), text, (0, 0), _FACE, size, weight)[2])


def fit_text(text: str, size: int, room: float, weight: int = 400) -> str:
    """Return the text, shortened to the room in pixels."""
    if text_width(text, size, weight) <= room:
        return text
    while text and text_width(f"{text} …", size, weight) > room:
        text = text[:-1]
    return f"{text.rstrip()} …"


def _at(ball: Ball, scale: float) -> Point:
    return ball.x * scale, ball.y * scale


def _fixed_point(point: Point) -> tuple[int, int]:
    """Fixed-point coordinates; records count from a pixel's corner, OpenCV from its centre."""
    x, y = (round((min(max(value, -1e4), 1e4) - 0.5) * (1 << _SHIFT)) for value in point)
    return x, y


def _bone(image: Image, a: Point | None, b: Point | None, colour: Colour, width: int) -> None:
    if a is not None and b is not None:
        cv2.line(image, _fixed_point(a), _fixed_point(b), colour, width, cv2.LINE_AA, _SHIFT)


def _ring(image: Image, at: Point, radius: float, colour: Colour, width: int) -> None:
    cv2.circle(image, _fixed_point(at), round(radius * (1 << _SHIFT)), colour, width, cv2.LINE_AA, _SHIFT)


def _broken_ring(image: Image, at: Point, radius: float) -> None:
    centre, axes = _fixed_point(at), (round(radius * (1 << _SHIFT)),) * 2
    for turn in range(0, 360, 60):
        for colour, width in ((DARK, 4), (BALL, 2)):
            cv2.ellipse(image, centre, axes, 0, turn, turn + 30, colour, width, cv2.LINE_AA, _SHIFT)


def _faded_line(image: Image, a: Point, b: Point, strength: float, dotted: bool) -> None:
    """Blend a piece of the trail into the part of the image that it covers."""
    high, wide = image.shape[:2]
    left, right = max(0, int(min(a[0], b[0])) - 5), min(wide, int(max(a[0], b[0])) + 6)
    top, bottom = max(0, int(min(a[1], b[1])) - 5), min(high, int(max(a[1], b[1])) + 6)
    if left >= right or top >= bottom:
        return
    below = image[top:bottom, left:right]
    layer = below.copy()
    start, end = (a[0] - left, a[1] - top), (b[0] - left, b[1] - top)
    if dotted:
        _ring(layer, end, 2.5, BALL, 1)
    else:
        _bone(layer, start, end, BALL, 2 if strength < 0.5 else 3)
    below[:] = np.asarray(cv2.addWeighted(layer, strength, below, 1 - strength, 0), np.uint8)
