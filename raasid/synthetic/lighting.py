"""The light of a match - sun, clouds or floodlights - and the shadows of stands, people and ball."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.random import Generator

from raasid.synthetic.arrays import Floats, Image
from raasid.synthetic.ball_physics import RADIUS_M
from raasid.synthetic.body_rendering import RADIUS_M as LIMB_M
from raasid.synthetic.body_rendering import capsules
from raasid.synthetic.camera import Camera

Sky = Literal["sun", "overcast", "night"]

_CASTING = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 14, 17, 18, 21, 22]
"""Capsules that cast a visible shadow: legs, trunk, arms, head."""
_FAINT = [2, 3, 4, 5, 9, 10, 22]
"""The ones that are drawn for the faint shadows of floodlights."""
_RING = np.linspace(0, 2 * np.pi, 16, endpoint=False)


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """Brightness of the ground, and direction and darkness of shadows."""

    sky: Sky
    towards: Floats
    """(3,) unit vector towards the main light."""
    shade: float
    """Brightness inside the stadium's shadow; 1 outside."""
    edge: tuple[float, float, float]
    """Normal (x, y) and offset in metres of the shadow's edge: shaded where normal . p > offset."""
    notch_m: float
    """Width of the roof's notches that the edge shows; 0 for a straight one."""
    tint: Floats
    """(3,) gain of blue, green, red."""
    exposure: float = 1.0
    """Gain by which the camera compensates a shaded pitch."""

    @property
    def side(self) -> float:
        """-1 to 1: whether the light comes from the left or the right of the image."""
        return 0.8 * float(np.sign(self.towards[0])) if self.sky == "sun" else 0.0

    def sunlit(self, ground: Floats) -> Floats:
        """Return 1 in the sun and 0 in the stand's shadow, for ground points (..., 2) in metres."""
        if self.sky != "sun":
            return np.ones(ground.shape[:-1])
        nx, ny, offset = self.edge
        along = ground @ np.array([-ny, nx])
        notch = 0.0 if self.notch_m == 0 else 1.6 * (np.mod(along / self.notch_m, 1.0) > 0.35)
        return np.asarray(np.clip((offset + notch - ground @ np.array([nx, ny])) / 0.8 + 0.5, 0, 1))

    def brightness(self, ground: Floats) -> Floats:
        """Return the brightness of ground points (..., 2): 1 in the open, `shade` in the stand's shadow."""
        if self.sky == "night":
            # floodlights leave the far corners a little darker
            return np.asarray(1.04 - 0.12 * ((ground[..., 0] / 60) ** 2 + (ground[..., 1] / 45) ** 2) / 2)
        return self.exposure * (self.shade + (1 - self.shade) * self.sunlit(ground))

    def shadows(self, ground: Floats) -> list[tuple[Floats, Floats]]:
        """Return the shadows of objects at `ground` (N, 2), metres.

        For each lamp: offset (N, 2) per metre of height, and darkness (N,).
        """
        n = len(ground)
        below = np.broadcast_to(np.array([0.03, 0.02]), (n, 2))
        if self.sky == "overcast":
            return [(below, np.full(n, 0.24))]
        if self.sky == "night":
            lamps = np.array([[-80.0, -45.0], [80.0, -45.0], [-80.0, 45.0], [80.0, 45.0]])
            return [((ground - lamp) / 42.0, np.full(n, 0.055)) for lamp in lamps] + [
                (below, np.full(n, 0.12))
            ]
        shift = -self.towards[:2] / max(float(self.towards[2]), 0.15)
        return [(np.broadcast_to(shift, (n, 2)), 0.42 * self.sunlit(ground)), (below, np.full(n, 0.14))]


def draw_light(rng: Generator) -> Light:
    """Draw the light of a match."""
    sky: Sky = ("sun", "overcast", "night")[int(rng.choice(3, p=[0.4, 0.25, 0.35]))]
    azimuth, height = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(24, 60))
    if sky == "overcast":
        height = np.radians(85)
    towards = np.array([np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), np.sin(height)])
    facing = -towards[:2] / np.linalg.norm(towards[:2])
    # the shadow lies on the side of the sun; its edge may be anywhere, also off the pitch
    edge = (float(-facing[0]), float(-facing[1]), float(rng.uniform(-25, 60)))
    warm = {"sun": (0.94, 1.0, 1.03), "overcast": (1.03, 1.0, 0.97), "night": (0.98, 1.0, 0.99)}[sky]
    tint = np.array(warm) * rng.uniform(0.96, 1.04, 3)
    notch = float(rng.choice([0.0, 0.0, 0.0, 0.0, rng.uniform(4, 10)]))
    light = Light(sky, towards, float(rng.uniform(0.42, 0.70)), edge, notch, tint)
    x, y = np.meshgrid(np.linspace(-50, 50, 21), np.linspace(-32, 32, 15))
    mean = float(light.brightness(np.stack([x, y], axis=-1)).mean())
    return replace(light, exposure=min(1.4, 0.95 * mean ** -rng.uniform(0.5, 0.9))) if sky == "sun" else light


def draw_shadows(image: Image, camera: Camera, light: Light, bodies: Floats, balls: Floats) -> None:
    """Darken `image` where bodies (N, 25, 3) and balls (M, 3) cast shadows on the ground."""
    total = np.zeros(image.shape[:2], np.uint8)
    start, stop = capsules(bodies)
    shadows = list(zip(light.shadows(bodies[:, 15, :2]), light.shadows(balls[:, :2]), strict=True))
    for (shift, dark), (ball_shift, ball_dark) in shadows:
        if max(dark.max(initial=0), ball_dark.max(initial=0)) < 0.02:
            continue
        mask = np.zeros_like(total)
        casting = _CASTING if dark.max(initial=0) > 0.1 else _FAINT
        ends = (_project_to_ground(points[:, casting], shift) for points in (start, stop))
        _draw_body_shadows(mask, camera, *ends, radius=LIMB_M[casting], dark=dark)
        for ball, direction, strength in zip(balls, ball_shift, ball_dark, strict=True):
            _draw_ball_shadow(mask, camera, ball, direction, float(strength))
        cv2.add(total, mask, dst=total)
    left, top, width, height = cv2.boundingRect(total)
    if width == 0:
        return
    # the margin exceeds the reach of the blur by a pixel, so that cropping changes nothing
    window = (slice(max(0, top - 2), top + height + 2), slice(max(0, left - 2), left + width + 2))
    soft = cv2.GaussianBlur(total[window], (3, 3), 0)
    keep = cv2.cvtColor(cv2.bitwise_not(soft), cv2.COLOR_GRAY2BGR)
    cv2.multiply(image[window], keep, dst=image[window], scale=1 / 255)


def _project_to_ground(points: Floats, shift: Floats) -> Floats:
    """Return where the shadows of points (N, S, 3) meet the ground; shift (N, 2)."""
    out = np.zeros_like(points)
    out[..., :2] = points[..., :2] + points[..., 2:] * shift[:, None]
    return out


def _draw_body_shadows(
    mask: Image, camera: Camera, start: Floats, stop: Floats, *, radius: Floats, dark: Floats
) -> None:
    a, depth = camera.project(start)
    b, _ = camera.project(stop)
    thickness = np.maximum(1, np.round(1.6 * radius * camera.focal_px / np.maximum(depth, 1))).astype(int)
    ends = np.round((np.concatenate([a, b], axis=-1) - 0.5).clip(-20000, 20000) * 16).astype(np.int32)
    strength = 255 * dark
    # bodies in the same light are drawn together, by thickness of the limbs
    changes = np.flatnonzero(np.diff(strength)) + 1
    for run in np.split(np.arange(len(strength)), changes):
        lines, width = ends[run].reshape(-1, 2, 2), thickness[run].ravel()
        for t in np.unique(width).tolist():
            cv2.polylines(mask, list(lines[width == t]), False, float(strength[run[0]]), t, cv2.LINE_8, 4)


def _draw_ball_shadow(mask: Image, camera: Camera, ball: Floats, shift: Floats, dark: float) -> None:
    """Draw an ellipse, longer in low light and fainter the higher the ball is."""
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
