"""Rendering of people as shaded capsules between joints, drawn from far to near."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.synthetic.arrays import Bools, Floats, Image, Ints
from raasid.synthetic.camera import Cameras
from raasid.synthetic.clothing import Outfit
from raasid.synthetic.skeleton import CHEST, COCO_JOINTS, CROWN, HEAD, LEFT_HAND, LEFT_TOE, PELVIS
from raasid.synthetic.sprites import Sprite

_Capsule = tuple[int, int, float, float, float, str]
"""From joint a, to joint b, start and end as shares of the way, radius in metres, part of the outfit."""
_CAPSULES: list[_Capsule] = [
    *[(15 + s, LEFT_TOE + s, -0.1, 1.0, 0.050, "boots") for s in (0, 1)],
    *[(15 + s, 13 + s, 0.0, 0.88, 0.054, "socks") for s in (0, 1)],
    *[(11 + s, 13 + s, 0.45, 1.0, 0.066, "knee") for s in (0, 1)],
    *[(11 + s, 13 + s, 0.05, 0.62, 0.092, "shorts") for s in (0, 1)],
    (11, 12, 0.0, 1.0, 0.110, "shorts"),
    (PELVIS, CHEST, 0.18, 0.55, 0.138, "shirt"),
    (PELVIS, CHEST, 0.50, 0.84, 0.155, "shirt"),
    (5, 6, 0.04, 0.96, 0.074, "shirt"),
    (PELVIS, CHEST, 0.2, 0.86, 0.045, "stripe"),
    *[(5 + s, 7 + s, 0.0, 0.62, 0.060, "sleeve") for s in (0, 1)],
    *[(5 + s, 7 + s, 0.55, 1.0, 0.045, "arm") for s in (0, 1)],
    *[(7 + s, 9 + s, 0.0, 1.0, 0.039, "arm") for s in (0, 1)],
    *[(9 + s, LEFT_HAND + s, 0.1, 0.9, 0.042, "hand") for s in (0, 1)],
    (CHEST, HEAD, 0.1, 0.7, 0.058, "skin"),
    (HEAD, HEAD, 0.0, 0.0, 0.105, "skin"),
    (CROWN, CROWN, 0.0, 0.0, 0.100, "hair"),
]
_A = np.array([c[0] for c in _CAPSULES])
_B = np.array([c[1] for c in _CAPSULES])
_FROM = np.array([c[2] for c in _CAPSULES])[:, None]
_TO = np.array([c[3] for c in _CAPSULES])[:, None]
RADIUS_M = np.array([c[4] for c in _CAPSULES])
_PART = [c[5] for c in _CAPSULES]
ON_TOP = np.array([part == "stripe" for part in _PART])
"""(S,) whether a capsule is painted on another one and never reaches beyond it."""
_OWN = np.array([[joint in {c[0], c[1]} for c in _CAPSULES] for joint in range(COCO_JOINTS)])
"""(17, S) whether a capsule belongs to the joint and so does not occlude it."""
_OWN[:5, [i for i, c in enumerate(_CAPSULES) if c[5] in {"skin", "hair"}]] = True

Stroke = tuple[int, tuple[int, int, int, int], tuple[int, int], int]
"""Capsule, ends and offset of the lit side in sixteenths of a pixel, thickness in pixels."""


def capsules(joints: Floats) -> tuple[Floats, Floats]:
    """Return the ends (..., S, 3) of the S capsules of bodies (..., 25, 3)."""
    a, b = joints[..., _A, :], joints[..., _B, :]
    return a + (b - a) * _FROM, a + (b - a) * _TO


@dataclass(frozen=True, slots=True, eq=False)
class Limbs:
    """Projected capsules of N bodies: ends in pixels (N, S, 2), depths in metres (N, S)."""

    start: Floats
    stop: Floats
    start_depth: Floats
    stop_depth: Floats
    radius: Floats
    """(N, S) pixels."""

    @classmethod
    def of(cls, joints: Floats, cameras: Cameras) -> Limbs:
        """Project bodies (N, 25, 3), each with its own camera."""
        a, b = capsules(joints)
        start, start_depth = cameras.project(a)
        stop, stop_depth = cameras.project(b)
        depth = np.maximum((start_depth + stop_depth) / 2, 1.0)
        return cls(start, stop, start_depth, stop_depth, RADIUS_M * cameras.focal_px / depth)


class OutfitColours:
    """The colour of each capsule."""

    def __init__(self, outfit: Outfit) -> None:
        self.striped = outfit.stripe is not None
        # an alpha that stays opaque in any light
        self._colours = np.array([[*(getattr(outfit, part) or outfit.shirt), 1e6] for part in _PART])

    def shaded(self, light: float) -> tuple[list[list[float]], list[list[float]]]:
        """Return blue, green, red, alpha of the dark and of the lit side of each capsule."""
        dark = np.minimum(self._colours * (0.76 * light), 255).tolist()
        bright = np.minimum(self._colours * (1.08 * light), 255).tolist()
        return dark, bright


@dataclass(frozen=True, slots=True, eq=False)
class LimbStrokes:
    """Limbs of N bodies as strokes on supersampled canvases, one per body."""

    low: Ints
    """(N, 2) top left corner of each canvas, image pixels."""
    high: Ints
    """(N, 2) bottom right corner."""
    visible: Ints
    """Indices of the bodies that may be visible."""
    supersampling: Ints
    """(N,) canvas pixels per image pixel."""
    ends: Ints
    """(N, S, 4) start and end, sixteenths of a canvas pixel."""
    lit: Ints
    """(N, S, 2) offset of the lit side, likewise."""
    thickness: Ints
    """(N, S) canvas pixels."""
    order: Ints
    """(N, S) indices of the strokes, the farthest first."""

    @classmethod
    def of(cls, limbs: Limbs, size: tuple[int, int], *, side: float, smear_px: Floats) -> LimbStrokes:
        """Lay out the strokes; arguments as for `render_bodies`."""
        a, b, radius = limbs.start, limbs.stop, limbs.radius
        depth = (limbs.start_depth + limbs.stop_depth) / 2
        reach = radius[..., None] + 1.5 + np.abs(smear_px)[:, None] / 2
        low = np.floor((np.minimum(a, b) - reach).min(axis=1)).astype(int)
        high = np.ceil((np.maximum(a, b) + reach).max(axis=1)).astype(int)
        visible = np.flatnonzero((depth.min(axis=1) >= 3) & (high > 0).all(axis=1) & (low < size).all(axis=1))
        scale = radius[:, 0] / RADIUS_M[0]
        supersampling = np.where(scale < 40, 4, np.where(scale < 90, 3, 2))
        subpixels = (supersampling * 16)[:, None, None]
        corner = low[:, None]
        ends = np.round(np.concatenate([a - corner, b - corner], axis=2) * subpixels - 8).astype(int)
        thickness = np.maximum(1, np.round(2 * radius * supersampling[:, None])).astype(int)
        lit = (np.array([side * 0.35, -0.30]) * radius[..., None] * subpixels).astype(int)
        # the stripe lies on the shirt, whichever way the body faces
        order = np.argsort(-(depth - 0.05 * ON_TOP), axis=1, kind="stable")
        return cls(low, high, visible, supersampling, ends, lit, thickness, order)

    def strokes(self, i: int) -> list[Stroke]:
        """Return the strokes of body `i` in drawing order."""
        order = self.order[i]
        drawn = (part[i, order].tolist() for part in (self.ends, self.lit, self.thickness))
        return list(zip(order.tolist(), *drawn, strict=True))

    def canvas(self, i: int) -> tuple[int, int]:
        """Return height and width of the canvas of body `i`."""
        width, height = ((self.high[i] - self.low[i]) * self.supersampling[i]).tolist()
        return height, width


def render_bodies(
    limbs: Limbs,
    colours: list[OutfitColours],
    size: tuple[int, int],
    *,
    light: Floats,
    side: float,
    smear_px: Floats,
) -> list[Sprite | None]:
    """Render N bodies as sprites; None for invisible ones.

    colours: one per body. size: width, height of the image. light: (N,) brightness at each body. side: as
    `Light.side`. smear_px: (N, 2) motion of each body in the image during the exposure.
    """
    strokes = LimbStrokes.of(limbs, size, side=side, smear_px=smear_px)
    out: list[Sprite | None] = [None] * len(colours)
    for i in strokes.visible.tolist():
        factor, (left, top) = int(strokes.supersampling[i]), strokes.low[i].tolist()
        canvas = np.zeros((*strokes.canvas(i), 4), np.uint16)
        _draw(canvas, strokes.strokes(i), colours[i], float(light[i]))
        small = _downsampled(canvas, factor).astype(np.float32)
        small = motion_blurred(small, (float(smear_px[i, 0]), float(smear_px[i, 1])))
        colour = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGRA2BGR))
        out[i] = Sprite(left, top, small[..., 3] / 255, colour)
    return out


def _draw(canvas: NDArray[np.uint16], strokes: list[Stroke], colours: OutfitColours, light: float) -> None:
    """Draw the capsules in the given order, each with its lit side on it."""
    dark, bright = colours.shaded(light)
    for k, (ax, ay, bx, by), (dx, dy), thickness in strokes:
        if ON_TOP[k] and not colours.striped:
            continue
        cv2.line(canvas, (ax, ay), (bx, by), dark[k], thickness, cv2.LINE_8, 4)
        if thickness > 5:
            cv2.line(
                canvas,
                (ax + dx, ay + dy),
                (bx + dx, by + dy),
                bright[k],
                int(thickness * 0.66),
                cv2.LINE_8,
                4,
            )


def _downsampled(canvas: NDArray[np.uint16], factor: int) -> Image:
    """Return the means of `factor` by `factor` squares of (h, w, 4), 0-255."""
    height, width = canvas.shape[0] // factor, canvas.shape[1] // factor
    if factor == 2:
        return np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA))
    # OpenCV is fast at halving only, so the four 16-bit channels are added up as one 64-bit number
    pixels = canvas.view(np.uint64)[..., 0]
    rows = pixels[::factor] + pixels[1::factor]
    for k in range(2, factor):
        rows += pixels[k::factor]
    total = rows[:, ::factor] + rows[:, 1::factor]
    for k in range(2, factor):
        total += rows[:, k::factor]
    levels = total.view(np.uint16).reshape(height, width, 4)
    return np.asarray(cv2.convertScaleAbs(levels, alpha=1 / factor**2))


def motion_blurred(patch: Floats, by: tuple[float, float]) -> Floats:
    """Return a premultiplied patch with motion blur by (x, y) pixels."""
    length = max(abs(by[0]), abs(by[1]))
    if length < 1.0:
        return patch
    steps = min(int(length) + 2, 9)
    out = np.zeros_like(patch)
    for k in np.linspace(-0.5, 0.5, steps).tolist():
        if k == 0:
            out += patch
            continue
        move = np.array([[1.0, 0.0, by[0] * k], [0.0, 1.0, by[1] * k]])
        out += cv2.warpAffine(patch, move, patch.shape[1::-1], flags=cv2.INTER_LINEAR)
    out /= steps
    return out


def self_occluded(limbs: Limbs, joints: Floats, cameras: Cameras) -> Bools:
    """Return (N, 17) whether each keypoint of bodies (N, 25, 3) is behind the body's own limbs or trunk."""
    p, depth = cameras.project(joints[:, :COCO_JOINTS])
    along = limbs.stop - limbs.start
    gap = p[:, :, None] - limbs.start[:, None]
    share = (gap * along[:, None]).sum(-1) / np.maximum((along * along).sum(-1), 1e-9)[:, None]
    share = np.clip(share, 0, 1)
    away = gap - share[..., None] * along[:, None]
    near = (away * away).sum(-1) < (0.95 * limbs.radius[:, None]) ** 2
    # clothes do not occlude the joint inside them: an occluder must be nearer by more than their radius
    axis = limbs.start_depth[:, None] + share * (limbs.stop_depth - limbs.start_depth)[:, None]
    out = (near & (axis + RADIUS_M * 0.5 + 0.02 < depth[:, :, None]) & ~_OWN).any(axis=-1)
    # the head occludes the face of a person who looks away
    head_depth = cameras.to_camera(joints[:, HEAD : HEAD + 1])[..., 2]
    out[:, :5] |= depth[:, :5] > head_depth + 0.035
    return np.asarray(out)
