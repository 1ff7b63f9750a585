"""What only shows from near: fingers, eyes and mouth, the number on the back."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from raasid.data.synthetic.arrays import Bools, Floats, Image
from raasid.data.synthetic.camera import Camera
from raasid.data.synthetic.cutout import Cutout
from raasid.data.synthetic.kit import Colour, Outfit
from raasid.data.synthetic.skeleton import CHEST, HEAD, LEFT_HAND, PELVIS

NEAR_PX_PER_M = 45.0
"""From this scale on there is something to see."""
_FINE = 4
_FINGERS = ((-0.020, 0.062), (-0.007, 0.074), (0.007, 0.070), (0.020, 0.056))
"""Across the palm, and how far beyond the middle of the hand; metres."""
_EDGE = 6
_TEXT = 64
_Stroke = Callable[[Floats, Floats, float, Colour, float], None]
"""From, to, width in metres, colour, brightness."""


def finish(
    cutout: Cutout,
    joints: Floats,
    hidden: Bools,
    outfit: Outfit,
    camera: Camera,
    *,
    light: float,
    number: int,
) -> Cutout:
    """The cut-out of a body (25, 3) with its small parts drawn in.

    hidden: (17,) keypoints that the body itself hides. number: on the back; 0 for none.
    """
    scale = camera.pixels_per_metre(joints[PELVIS])
    left, top = cutout.left - _EDGE, cutout.top - _EDGE
    alpha = np.pad(cutout.alpha, _EDGE)
    colour = np.pad(cutout.colour, ((_EDGE, _EDGE), (_EDGE, _EDGE), (0, 0)))
    layer = np.zeros((alpha.shape[0] * _FINE, alpha.shape[1] * _FINE, 4), np.float32)

    def stroke(a: Floats, b: Floats, width_m: float, paint: Colour, gain: float) -> None:
        ends, _ = camera.project(np.stack([a, b]))
        (ax, ay), (bx, by) = np.round((ends - [left, top]) * (_FINE * 16) - 8).astype(int).tolist()
        tone = [min(255.0, channel * gain * light) for channel in paint]
        cv2.line(
            layer, (ax, ay), (bx, by), (*tone, 1.0), max(1, round(width_m * scale * _FINE)), cv2.LINE_8, 4
        )

    if number:
        _number(layer, joints, outfit, camera, corner=(left, top), light=light, number=number)
    for side in (0, 1):
        if not hidden[9 + side]:
            _hand(stroke, joints, side, outfit, camera)
    if not hidden[0]:
        _face(stroke, joints, hidden, outfit)
    small = cv2.resize(layer, alpha.shape[::-1], interpolation=cv2.INTER_AREA)
    over = small[..., 3]
    return Cutout(
        left, top, colour * (1 - over[..., None]) + small[..., :3], np.asarray(alpha * (1 - over) + over)
    )


def _hand(stroke: _Stroke, joints: Floats, side: int, outfit: Outfit, camera: Camera) -> None:
    """Four fingers in the camera's plane, and a thumb towards the body."""
    wrist, tip = joints[9 + side], joints[LEFT_HAND + side]
    along = (tip - wrist) / np.linalg.norm(tip - wrist)
    view = (wrist - camera.centre) / np.linalg.norm(wrist - camera.centre)
    across = np.cross(along, view)
    length = float(np.linalg.norm(across))
    if length < 0.35:
        # it points at the camera: a fist
        return
    across /= length
    if across @ (joints[CHEST] - wrist) < 0:
        across = -across
    palm = wrist + 0.055 * along
    for aside, beyond in _FINGERS:
        stroke(
            palm + aside * 0.8 * across, palm + aside * 1.5 * across + beyond * along, 0.018, outfit.hand, 1.0
        )
    stroke(
        wrist + 0.02 * along + 0.02 * across, wrist + 0.05 * along + 0.055 * across, 0.022, outfit.hand, 1.04
    )


def _face(stroke: _Stroke, joints: Floats, hidden: Bools, outfit: Outfit) -> None:
    for eye in (1, 2):
        if not hidden[eye]:
            stroke(joints[eye], joints[eye], 0.019, outfit.skin, 0.38)
    down = (joints[CHEST] - joints[HEAD]) / np.linalg.norm(joints[CHEST] - joints[HEAD])
    between = (joints[1] - joints[2]) * 0.30
    mouth = joints[0] + 0.045 * down
    stroke(mouth - between, mouth + between, 0.012, outfit.skin, 0.66)
    stroke(joints[0], joints[0] + 0.012 * down, 0.02, outfit.skin, 0.82)


def _number(
    layer: Floats,
    joints: Floats,
    outfit: Outfit,
    camera: Camera,
    *,
    corner: tuple[int, int],
    light: float,
    number: int,
) -> None:
    """Where the back is turned to the camera and no arm lies before it."""
    left = (joints[5] - joints[6]) / np.linalg.norm(joints[5] - joints[6])
    up = (joints[CHEST] - joints[PELVIS]) / np.linalg.norm(joints[CHEST] - joints[PELVIS])
    back = np.cross(up, left)
    middle = joints[PELVIS] + 0.33 * up + 0.15 * back
    towards = (camera.centre - middle) / np.linalg.norm(camera.centre - middle)
    away = joints[[7, 8, 9, 10]] - middle
    nearer = away @ towards
    aside = np.linalg.norm(away - nearer[:, None] * towards, axis=1)
    if back @ towards < 0.75 or ((nearer > 0) & (aside < 0.2)).any():
        return
    # seen from behind the player's left is on the left
    top, bottom = middle + 0.11 * up, middle - 0.11 * up
    corners = np.stack([top + 0.10 * left, top - 0.10 * left, bottom + 0.10 * left])
    pixels, _ = camera.project(corners)
    place = ((pixels - corner) * _FINE - 0.5).astype(np.float32)
    unit = np.array([[0, 0], [_TEXT, 0], [0, _TEXT]], np.float32)
    onto = cv2.getAffineTransform(unit, place)
    mask = cv2.warpAffine(_digits(number), onto, layer.shape[1::-1], flags=cv2.INTER_LINEAR)
    share = mask.astype(np.float32)[..., None] / 255
    bright = sum(outfit.shirt) > 330
    ink = np.array([30, 28, 28] if bright else [232, 234, 234], np.float32) * min(light, 1.05)
    layer[:] = layer * (1 - share) + np.concatenate([ink, [1.0]]).astype(np.float32) * share


@lru_cache(maxsize=64)
def _digits(number: int) -> Image:
    text = np.zeros((_TEXT, _TEXT), np.uint8)
    size = 1.9 if number < 10 else 1.35
    (wide, tall), _ = cv2.getTextSize(str(number), cv2.FONT_HERSHEY_DUPLEX, size, 7)
    at = ((_TEXT - wide) // 2, (_TEXT + tall) // 2)
    cv2.putText(text, str(number), at, cv2.FONT_HERSHEY_DUPLEX, size, 255, 7, cv2.LINE_AA)
    return text
