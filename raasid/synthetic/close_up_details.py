"""Details of people that are visible in close-ups only: fingers, face, the number on the back."""

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
"""Smallest scale at which details are drawn."""
SUPERSAMPLING = 4
"""Details are drawn at this many times the resolution of the image."""
_FINGERS = ((-0.020, 0.062), (-0.007, 0.074), (0.007, 0.070), (0.020, 0.056))
"""Of each finger: offset across the palm, length beyond the middle of the hand; metres."""
FINGER_WIDTHS_M = (0.018, 0.018, 0.018, 0.018, 0.022)
MARGIN_PX = 6
"""Details reach at most this far beyond the body."""
_DIGITS_PX = 64
_Stroke = tuple[Floats, Floats, float, Colour, float]
"""Start, end, width in metres, colour, brightness."""


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
    """Return the sprite of a body (25, 3) with details drawn on it.

    hidden: (17,) keypoints that the body itself occludes. number: on the back; 0 for none.
    """
    scale = camera.pixels_per_metre(joints[PELVIS])
    left, top = sprite.left - MARGIN_PX, sprite.top - MARGIN_PX
    alpha = np.pad(sprite.alpha, MARGIN_PX)
    colour = np.pad(sprite.colour, ((MARGIN_PX, MARGIN_PX), (MARGIN_PX, MARGIN_PX), (0, 0)))

    def composite(low: Floats, high: Floats, draw: Callable[[Floats, Floats], None]) -> None:
        corner = np.array([left, top])
        layer = supersampled_layer(
            low - corner, high - corner, alpha.shape, 4, lambda canvas, at: draw(canvas, at + corner)
        )
        if layer is not None:
            window, details = layer
            over = details[..., 3]
            colour[window] = colour[window] * (1 - over[..., None]) + details[..., :3]
            alpha[window] = alpha[window] * (1 - over) + over

    def draw_strokes(lines: list[_Stroke]) -> None:
        if not lines:
            return
        ends, _ = camera.project(np.array([line[:2] for line in lines]))
        reach = max(line[2] for line in lines) * scale / 2 + 2

        def draw(layer: Floats, corner: Floats) -> None:
            points = np.round((ends - corner) * (SUPERSAMPLING * 16) - 8).astype(int).tolist()
            for (a, b), (_, _, width_m, paint, gain) in zip(points, lines, strict=True):
                tone = [min(255.0, channel * gain * light) for channel in paint]
                cv2.line(
                    layer, a, b, (*tone, 1.0), max(1, round(width_m * scale * SUPERSAMPLING)), cv2.LINE_8, 4
                )

        composite(ends.min(axis=(0, 1)) - reach, ends.max(axis=(0, 1)) + reach, draw)

    if number:
        back = _back(joints, camera)
        if back is not None:
            low, high = back.min(axis=0), back.max(axis=0)
            # the fourth corner is opposite to the first
            low, high = (
                np.minimum(low, back[1] + back[2] - back[0]),
                np.maximum(high, back[1] + back[2] - back[0]),
            )
            composite(
                low - 2,
                high + 2,
                lambda layer, corner: _draw_number(layer, back - corner, outfit, light, number),
            )
    ends, turned = fingers(joints[None], camera.centre)
    for side in (0, 1):
        if turned[0, side] and not hidden[9 + side]:
            gains = (1.0, 1.0, 1.0, 1.0, 1.04)
            hand = zip(ends[0, side], FINGER_WIDTHS_M, gains, strict=True)
            draw_strokes([(a, b, width_m, outfit.hand, gain) for (a, b), width_m, gain in hand])
    if not hidden[0]:
        draw_strokes(_face(joints, hidden, outfit))
    return Sprite(left, top, alpha, colour)


def supersampled_layer(
    low: Floats,
    high: Floats,
    shape: tuple[int, ...],
    channels: int,
    draw: Callable[[Floats, Floats], None],
) -> tuple[tuple[slice, slice], Floats] | None:
    """Draw on a supersampled canvas that covers `low` to `high`, and shrink it to pixels.

    low, high: (2,) pixels of an array of `shape` (h, w). draw: receives the canvas and its corner in pixels.
    Returns the window of the array and the layer for it, or None if the window is empty.
    """
    x0, y0 = np.clip(np.floor(low), 0, shape[1::-1]).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(high), 0, shape[1::-1]).astype(int).tolist()
    if x1 <= x0 or y1 <= y0:
        return None
    canvas = np.zeros(((y1 - y0) * SUPERSAMPLING, (x1 - x0) * SUPERSAMPLING, channels), np.float32)
    draw(canvas, np.array([x0, y0]))
    layer = cv2.resize(canvas, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    return (slice(y0, y1), slice(x0, x1)), layer


def fingers(joints: Floats, camera: Floats) -> tuple[Floats, Bools]:
    """Return the fingers of bodies (N, 25, 3): four in the camera's plane, a thumb towards the body.

    camera: (3,) its centre. Returns the ends (N, 2, 5, 2, 3), metres, of the fingers of both hands, and
    (N, 2) whether they are drawn, which those of a hand that points at the camera are not.
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
    """Return the corners (3, 2) of the number in pixels; None if the back is turned away or behind an arm."""
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
    # from behind, the left of the player is on the left
    top, bottom = middle + 0.11 * up, middle - 0.11 * up
    corners = np.stack([top + 0.10 * left, top - 0.10 * left, bottom + 0.10 * left])
    return camera.project(corners)[0]


def _draw_number(layer: Floats, corners: Floats, outfit: Outfit, light: float, number: int) -> None:
    """Draw the number on a canvas; corners (3, 2): top left, top right, bottom left in image pixels."""
    target = (corners * SUPERSAMPLING - 0.5).astype(np.float32)
    unit = np.array([[0, 0], [_DIGITS_PX, 0], [0, _DIGITS_PX]], np.float32)
    transform = cv2.getAffineTransform(unit, target)
    mask = cv2.warpAffine(_digits(number), transform, layer.shape[1::-1], flags=cv2.INTER_LINEAR)
    share = mask.astype(np.float32)[..., None] / 255
    bright = sum(outfit.shirt) > 330
    ink = np.array([30, 28, 28] if bright else [232, 234, 234], np.float32) * min(light, 1.05)
    layer[:] = layer * (1 - share) + np.concatenate([ink, [1.0]]).astype(np.float32) * share


@lru_cache(maxsize=64)
def _digits(number: int) -> Image:
    text = np.zeros((_DIGITS_PX, _DIGITS_PX), np.uint8)
    size = 1.9 if number < 10 else 1.35
    (wide, tall), _ = cv2.getTextSize(str(number), cv2.FONT_HERSHEY_DUPLEX, size, 7)
    at = ((_DIGITS_PX - wide) // 2, (_DIGITS_PX + tall) // 2)
    cv2.putText(text, str(number), at, cv2.FONT_HERSHEY_DUPLEX, size, 255, 7, cv2.LINE_AA)
    return text
