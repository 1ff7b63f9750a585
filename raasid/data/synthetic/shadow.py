"""Shadows of people and ball on the grass."""

from __future__ import annotations

import cv2
import numpy as np

from raasid.data.synthetic.arrays import Floats, Image
from raasid.data.synthetic.ball_path import RADIUS_M
from raasid.data.synthetic.camera import Camera
from raasid.data.synthetic.figure import RADIUS_M as LIMB_M
from raasid.data.synthetic.figure import capsules
from raasid.data.synthetic.light import Light

_CASTING = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 14, 17, 18, 21, 22]
"""Capsules that matter for a shadow: legs, trunk, arms, head."""
_FAINT = [2, 3, 4, 5, 9, 10, 22]
"""Those that matter for the faint ones of floodlights."""
_RING = np.linspace(0, 2 * np.pi, 16, endpoint=False)


def lay_shadows(picture: Image, camera: Camera, light: Light, bodies: Floats, balls: Floats) -> None:
    """Darken `picture` where bodies (N, 25, 3) and balls (M, 3) keep the light off the ground."""
    total = np.zeros(picture.shape[:2], np.uint8)
    start, stop = capsules(bodies)
    casts = list(zip(light.casts(bodies[:, 15, :2]), light.casts(balls[:, :2]), strict=True))
    for (shift, dark), (ball_shift, ball_dark) in casts:
        if max(dark.max(initial=0), ball_dark.max(initial=0)) < 0.02:
            continue
        mask = np.zeros_like(total)
        parts = _CASTING if dark.max(initial=0) > 0.1 else _FAINT
        ends = (_fallen(part[:, parts], shift) for part in (start, stop))
        _bodies(mask, camera, *ends, radius=LIMB_M[parts], dark=dark)
        for ball, direction, strength in zip(balls, ball_shift, ball_dark, strict=True):
            _ball(mask, camera, ball, direction, float(strength))
        cv2.add(total, mask, dst=total)
    left, top, wide, tall = cv2.boundingRect(total)
    if wide == 0:
        return
    # the rim is as wide as the blur reaches, and one more, so that the cut changes nothing
    part = (slice(max(0, top - 2), top + tall + 2), slice(max(0, left - 2), left + wide + 2))
    soft = cv2.GaussianBlur(total[part], (3, 3), 0)
    keep = cv2.cvtColor(cv2.bitwise_not(soft), cv2.COLOR_GRAY2BGR)
    cv2.multiply(picture[part], keep, dst=picture[part], scale=1 / 255)


def _fallen(points: Floats, shift: Floats) -> Floats:
    """Where the shadows of points (N, S, 3) meet the ground; shift (N, 2)."""
    out = np.zeros_like(points)
    out[..., :2] = points[..., :2] + points[..., 2:] * shift[:, None]
    return out


def _bodies(
    mask: Image, camera: Camera, start: Floats, stop: Floats, *, radius: Floats, dark: Floats
) -> None:
    a, depth = camera.project(start)
    b, _ = camera.project(stop)
    thick = np.maximum(1, np.round(1.6 * radius * camera.focal_px / np.maximum(depth, 1))).astype(int)
    ends = np.round((np.concatenate([a, b], axis=-1) - 0.5).clip(-20000, 20000) * 16).astype(np.int32)
    strength = 255 * dark
    # whoever lies in the same light is drawn together, by thickness of the limbs
    changes = np.flatnonzero(np.diff(strength)) + 1
    for run in np.split(np.arange(len(strength)), changes):
        lines, width = ends[run].reshape(-1, 2, 2), thick[run].ravel()
        for t in np.unique(width).tolist():
            cv2.polylines(mask, list(lines[width == t]), False, float(strength[run[0]]), t, cv2.LINE_8, 4)


def _ball(mask: Image, camera: Camera, ball: Floats, shift: Floats, dark: float) -> None:
    """The ball's shadow: an ellipse that low light draws out and height makes fainter."""
    height = float(ball[2] - RADIUS_M)
    fades_m = 6.0 if float(np.hypot(*shift)) > 0.2 else 0.5
    strength = 1.2 * dark * float(np.exp(-height / fades_m))
    if strength < 0.02:
        return
    along = np.cos(_RING - np.arctan2(shift[1], shift[0]))
    reach = height + RADIUS_M * (1 + along)
    ring = np.zeros((len(_RING), 3))
    ring[:, 0] = ball[0] + RADIUS_M * np.cos(_RING) + shift[0] * reach
    ring[:, 1] = ball[1] + RADIUS_M * np.sin(_RING) + shift[1] * reach
    pixels, _ = camera.project(ring)
    points = np.round((pixels - 0.5).clip(-20000, 20000) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, points, 255 * min(strength, 0.7), cv2.LINE_AA, 4)
