"""What only shows from near: fingers, eyes and mouth, the number on the back."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from raasid.synthetic.arrays import Bools, Floats, Image
from raasid.synthetic.camera import Camera
from raasid.synthetic.clothing import Colour, Outfit
from raasid.synthetic.skeleton import CHEST, HEAD, LEFT_HAND, PELVIS
from raasid.synthetic.sprites import Sprite

NEAR_PX_PER_M = 45.0
"""From this scale on there is something to see."""
FINE = 4
"""Pixels of the layer that small parts are drawn on, for one of the image."""
_FINGERS = ((-0.020, 0.062), (-0.007, 0.074), (0.007, 0.070), (0.020, 0.056))
"""Across the palm, and how far beyond the middle of the hand; metres."""
EDGE = 6
"""So many pixels small parts may reach beyond the body."""
_TEXT = 64
_Stroke = tuple[Floats, Floats, float, Colour, float]
"""From, to, width in metres, colour, brightness."""


def add_details(
    sprite: Sprite,
    joints: Floats,
    hidden: Bools,
    outfit: Outfit,
    camera: Camera,
    *,
    light: float,
    number: int,
) -> Sprite:
    """The cut-out of a body (25, 3) with its small parts drawn in.

    hidden: (17,) keypoints that the body itself hides. number: on the back; 0 for none.
    """
    scale = camera.pixels_per_metre(joints[PELVIS])
    left, top = sprite.left - EDGE, sprite.top - EDGE
    alpha = np.pad(sprite.alpha, EDGE)
    colour = np.pad(sprite.colour, ((EDGE, EDGE), (EDGE, EDGE), (0, 0)))

    def lay(low: Floats, high: Floats, draw: Callable[[Floats, Floats], None]) -> None:
        corner = np.array([left, top])
        layer = fine_layer(
            low - corner, high - corner, alpha.shape, 4, lambda fine, at: draw(fine, at + corner)
        )
        if layer is not None:
            part, small = layer
            over = small[..., 3]
            colour[part] = colour[part] * (1 - over[..., None]) + small[..., :3]
            alpha[part] = alpha[part] * (1 - over) + over

    def strokes(lines: list[_Stroke]) -> None:
        if not lines:
            return
        ends, _ = camera.project(np.array([line[:2] for line in lines]))
        reach = max(line[2] for line in lines) * scale / 2 + 2

        def draw(layer: Floats, corner: Floats) -> None:
            places = np.round((ends - corner) * (FINE * 16) - 8).astype(int).tolist()
            for (a, b), (_, _, width_m, paint, gain) in zip(places, lines, strict=True):
                tone = [min(255.0, channel * gain * light) for channel in paint]
                cv2.line(layer, a, b, (*tone, 1.0), max(1, round(width_m * scale * FINE)), cv2.LINE_8, 4)

        lay(ends.min(axis=(0, 1)) - reach, ends.max(axis=(0, 1)) + reach, draw)

    if number:
        back = _back(joints, camera)
        if back is not None:
            low, high = back.min(axis=0), back.max(axis=0)
            # the fourth corner lies across from the first
            low, high = (
                np.minimum(low, back[1] + back[2] - back[0]),
                np.maximum(high, back[1] + back[2] - back[0]),
            )
            lay(low - 2, high + 2, lambda layer, corner: _number(layer, back - corner, outfit, light, number))
    ends, shown = fingers(joints[None], camera.centre)
    for side in (0, 1):
        if shown[0, side] and not hidden[9 + side]:
            gains = (1.0, 1.0, 1.0, 1.0, 1.04)
            hand = zip(ends[0, side], FINGER_WIDTHS_M, gains, strict=True)
            strokes([(a, b, width_m, outfit.hand, gain) for (a, b), width_m, gain in hand])
    if not hidden[0]:
        strokes(_face(joints, hidden, outfit))
    return Sprite(left, top, alpha, colour)


def fine_layer(
    low: Floats,
    high: Floats,
    shape: tuple[int, ...],
    channels: int,
    draw: Callable[[Floats, Floats], None],
) -> tuple[tuple[slice, slice], Floats] | None:
    """What `draw` draws on a fine layer no larger than from `low` to `high`, shrunk to pixels.

    low, high: (2,) pixels of an array of `shape` (h, w). draw: gets the layer and the pixel where it begins.
    Returns the part of the array and the layer for it, or None where nothing is inside.
    """
    x0, y0 = np.clip(np.floor(low), 0, shape[1::-1]).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(high), 0, shape[1::-1]).astype(int).tolist()
    if x1 <= x0 or y1 <= y0:
        return None
    layer = np.zeros(((y1 - y0) * FINE, (x1 - x0) * FINE, channels), np.float32)
    draw(layer, np.array([x0, y0]))
    small = cv2.resize(layer, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    return (slice(y0, y1), slice(x0, x1)), small


FINGER_WIDTHS_M = (0.018, 0.018, 0.018, 0.018, 0.022)


def fingers(joints: Floats, camera: Floats) -> tuple[Floats, Bools]:
    """Four fingers in the camera's plane, and a thumb towards the body, of bodies (N, 25, 3).

    camera: (3,) where it stands. Returns the ends (N, 2, 5, 2, 3), metres, of both hands' fingers; and
    (N, 2) whether the fingers show: not those of a hand that points at the camera.
    """
    wrist, tip = joints[:, 9:11], joints[:, LEFT_HAND : LEFT_HAND + 2]
    along = (tip - wrist) / _length(tip - wrist)
    view = (wrist - camera) / _length(wrist - camera)
    across = np.empty_like(along)
    for k, (i, j) in enumerate(((1, 2), (2, 0), (0, 1))):
        across[..., k] = along[..., i] * view[..., j] - along[..., j] * view[..., i]
    length = _length(across)
    across /= np.maximum(length, 1e-9)
    inward = (across * (joints[:, CHEST, None] - wrist)).sum(axis=-1, keepdims=True)
    across = np.where(inward < 0, -across, across)
    palm = wrist + 0.055 * along
    ends = np.empty((len(joints), 2, 5, 2, 3))
    for finger, (aside, beyond) in enumerate(_FINGERS):
        ends[:, :, finger, 0] = palm + aside * 0.8 * across
        ends[:, :, finger, 1] = palm + aside * 1.5 * across + beyond * along
    ends[:, :, 4, 0] = wrist + 0.02 * along + 0.02 * across
    ends[:, :, 4, 1] = wrist + 0.05 * along + 0.055 * across
    return ends, length[..., 0] >= 0.35


def _length(vectors: Floats) -> Floats:
    return np.asarray(np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True)))


def _face(joints: Floats, hidden: Bools, outfit: Outfit) -> list[_Stroke]:
    eyes: list[_Stroke] = [
        (joints[eye], joints[eye], 0.019, outfit.skin, 0.38) for eye in (1, 2) if not hidden[eye]
    ]
    down = (joints[CHEST] - joints[HEAD]) / np.linalg.norm(joints[CHEST] - joints[HEAD])
    between = (joints[1] - joints[2]) * 0.30
    mouth = joints[0] + 0.045 * down
    nose = joints[0] + 0.012 * down
    return [
        *eyes,
        (mouth - between, mouth + between, 0.012, outfit.skin, 0.66),
        (joints[0], nose, 0.02, outfit.skin, 0.82),
    ]


def _back(joints: Floats, camera: Camera) -> Floats | None:
    """The number's corners, (3, 2) pixels, where the back is turned to the camera and no arm is before it."""
    left = (joints[5] - joints[6]) / np.linalg.norm(joints[5] - joints[6])
    up = (joints[CHEST] - joints[PELVIS]) / np.linalg.norm(joints[CHEST] - joints[PELVIS])
    back = np.cross(up, left)
    middle = joints[PELVIS] + 0.33 * up + 0.15 * back
    towards = (camera.centre - middle) / np.linalg.norm(camera.centre - middle)
    away = joints[[7, 8, 9, 10]] - middle
    nearer = away @ towards
    aside = np.linalg.norm(away - nearer[:, None] * towards, axis=1)
    if back @ towards < 0.75 or ((nearer > 0) & (aside < 0.2)).any():
        return None
    # seen from behind the player's left is on the left
    top, bottom = middle + 0.11 * up, middle - 0.11 * up
    corners = np.stack([top + 0.10 * left, top - 0.10 * left, bottom + 0.10 * left])
    return camera.project(corners)[0]


def _number(layer: Floats, corners: Floats, outfit: Outfit, light: float, number: int) -> None:
    """The number on a fine layer; corners (3, 2): top left, top right, bottom left in whole pixels."""
    place = (corners * FINE - 0.5).astype(np.float32)
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
