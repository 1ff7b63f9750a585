"""Drawing a person: shaded capsules between joints, near ones over far ones."""

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

_S = tuple[int, int, float, float, float, str]
_CAPSULES: list[_S] = [
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
"""(S,) what is painted on another part and never reaches beyond it."""
_OWN = np.array([[joint in {c[0], c[1]} for c in _CAPSULES] for joint in range(COCO_JOINTS)])
"""(17, S) whether a capsule belongs to the joint and so does not hide it."""
_OWN[:5, [i for i, c in enumerate(_CAPSULES) if c[5] in {"skin", "hair"}]] = True


def capsules(joints: Floats) -> tuple[Floats, Floats]:
    """Ends (..., S, 3) of the capsules of bodies (..., 25, 3)."""
    a, b = joints[..., _A, :], joints[..., _B, :]
    return a + (b - a) * _FROM, a + (b - a) * _TO


@dataclass(frozen=True, slots=True, eq=False)
class Limbs:
    """Capsules of N bodies as the camera sees them: ends in pixels (N, S, 2), depths in metres (N, S)."""

    start: Floats
    stop: Floats
    start_depth: Floats
    stop_depth: Floats
    radius: Floats
    """(N, S) pixels."""

    @classmethod
    def of(cls, joints: Floats, cameras: Cameras) -> Limbs:
        """Limbs of bodies (N, 25, 3), each seen by its camera."""
        a, b = capsules(joints)
        start, start_depth = cameras.project(a)
        stop, stop_depth = cameras.project(b)
        depth = np.maximum((start_depth + stop_depth) / 2, 1.0)
        return cls(start, stop, start_depth, stop_depth, RADIUS_M * cameras.focal_px / depth)


class OutfitColours:
    """An outfit as one colour per capsule."""

    def __init__(self, outfit: Outfit) -> None:
        self.striped = outfit.stripe is not None
        # an alpha that no light brings below opaque
        self._colours = np.array([[*(getattr(outfit, part) or outfit.shirt), 1e6] for part in _PART])

    def shaded(self, light: float) -> tuple[list[list[float]], list[list[float]]]:
        """Blue, green, red, alpha of the capsules' dark and lit sides."""
        dark = np.minimum(self._colours * (0.76 * light), 255).tolist()
        bright = np.minimum(self._colours * (1.08 * light), 255).tolist()
        return dark, bright


@dataclass(frozen=True, slots=True, eq=False)
class LimbStrokes:
    """Limbs of N bodies as strokes on fine canvases, one canvas a body."""

    low: Ints
    """(N, 2) pixels of the image where a body's canvas begins,"""
    high: Ints
    """(N, 2) and where it ends."""
    seen: Ints
    """Indices of those that may show."""
    fine: Ints
    """(N,) pixels of the canvas on one of the image."""
    ends: Ints
    """(N, S, 4) from and to, sixteenths of a canvas pixel."""
    lit: Ints
    """(N, S, 2) shift of the lit side."""
    thick: Ints
    """(N, S) canvas pixels."""
    order: Ints
    """(N, S) indices of the strokes, the farthest first."""

    @classmethod
    def of(cls, limbs: Limbs, size: tuple[int, int], *, side: float, smear_px: Floats) -> LimbStrokes:
        """See `render_bodies`."""
        a, b, radius = limbs.start, limbs.stop, limbs.radius
        depth = (limbs.start_depth + limbs.stop_depth) / 2
        reach = radius[..., None] + 1.5 + np.abs(smear_px)[:, None] / 2
        low = np.floor((np.minimum(a, b) - reach).min(axis=1)).astype(int)
        high = np.ceil((np.maximum(a, b) + reach).max(axis=1)).astype(int)
        seen = np.flatnonzero((depth.min(axis=1) >= 3) & (high > 0).all(axis=1) & (low < size).all(axis=1))
        scale = radius[:, 0] / RADIUS_M[0]
        fine = np.where(scale < 40, 4, np.where(scale < 90, 3, 2))
        sub = (fine * 16)[:, None, None]
        corner = low[:, None]
        ends = np.round(np.concatenate([a - corner, b - corner], axis=2) * sub - 8).astype(int)
        thick = np.maximum(1, np.round(2 * radius * fine[:, None])).astype(int)
        lit = (np.array([side * 0.35, -0.30]) * radius[..., None] * sub).astype(int)
        # the stripe lies on the shirt, whichever way the body faces
        order = np.argsort(-(depth - 0.05 * ON_TOP), axis=1, kind="stable")
        return cls(low, high, seen, fine, ends, lit, thick, order)

    def strokes(self, i: int) -> list[Stroke]:
        """Those of body `i`."""
        order = self.order[i]
        drawn = (part[i, order].tolist() for part in (self.ends, self.lit, self.thick))
        return list(zip(order.tolist(), *drawn, strict=True))

    def canvas(self, i: int) -> tuple[int, int]:
        """Height and width of body `i`'s canvas."""
        width, height = ((self.high[i] - self.low[i]) * self.fine[i]).tolist()
        return height, width


def render_bodies(
    limbs: Limbs,
    paints: list[OutfitColours],
    size: tuple[int, int],
    *,
    light: Floats,
    side: float,
    smear_px: Floats,
) -> list[Sprite | None]:
    """N bodies as cut-outs; None for those out of sight.

    paints: one per body. size: of the image. light: (N,) brightness at each person's place. side: -1 to 1,
    from where in the image the light comes. smear_px: (N, 2) how far each moves in the image during the
    exposure.
    """
    lines = LimbStrokes.of(limbs, size, side=side, smear_px=smear_px)
    out: list[Sprite | None] = [None] * len(paints)
    for i in lines.seen.tolist():
        fine, (left, top) = int(lines.fine[i]), lines.low[i].tolist()
        canvas = np.zeros((*lines.canvas(i), 4), np.uint16)
        _draw(canvas, lines.strokes(i), paints[i], float(light[i]))
        small = _shrunk(canvas, fine).astype(np.float32)
        small = motion_blurred(small, (float(smear_px[i, 0]), float(smear_px[i, 1])))
        colour = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGRA2BGR))
        out[i] = Sprite(left, top, small[..., 3] / 255, colour)
    return out


Stroke = tuple[int, tuple[int, int, int, int], tuple[int, int], int]
"""Capsule, ends and shift of the lit side in sixteenths of a pixel, thickness in pixels."""


def _draw(canvas: NDArray[np.uint16], strokes: list[Stroke], paint: OutfitColours, light: float) -> None:
    """The capsules in the order given, each with its lit side on it."""
    dark, bright = paint.shaded(light)
    for k, (ax, ay, bx, by), (dx, dy), thick in strokes:
        if ON_TOP[k] and not paint.striped:
            continue
        cv2.line(canvas, (ax, ay), (bx, by), dark[k], thick, cv2.LINE_8, 4)
        if thick > 5:
            cv2.line(
                canvas, (ax + dx, ay + dy), (bx + dx, by + dy), bright[k], int(thick * 0.66), cv2.LINE_8, 4
            )


def _shrunk(canvas: NDArray[np.uint16], times: int) -> Image:
    """Means of squares of `times` by `times` pixels of (h, w, 4), levels 0-255."""
    height, width = canvas.shape[0] // times, canvas.shape[1] // times
    if times == 2:
        return np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA))
    # OpenCV is quick at halving only; a pixel's four 16-bit levels are added up as one 64-bit number
    pixels = canvas.view(np.uint64)[..., 0]
    rows = pixels[::times] + pixels[1::times]
    for k in range(2, times):
        rows += pixels[k::times]
    total = rows[:, ::times] + rows[:, 1::times]
    for k in range(2, times):
        total += rows[:, k::times]
    levels = total.view(np.uint16).reshape(height, width, 4)
    return np.asarray(cv2.convertScaleAbs(levels, alpha=1 / times**2))


def motion_blurred(patch: Floats, by: tuple[float, float]) -> Floats:
    """Motion blur of a premultiplied patch, along the larger component."""
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
    """(N, 17) whether each keypoint of N bodies (N, 25, 3) lies behind the body's own limbs or trunk."""
    p, depth = cameras.project(joints[:, :COCO_JOINTS])
    along = limbs.stop - limbs.start
    gap = p[:, :, None] - limbs.start[:, None]
    share = (gap * along[:, None]).sum(-1) / np.maximum((along * along).sum(-1), 1e-9)[:, None]
    share = np.clip(share, 0, 1)
    away = gap - share[..., None] * along[:, None]
    near = (away * away).sum(-1) < (0.95 * limbs.radius[:, None]) ** 2
    # clothes do not hide the joint inside them: what is in front must be nearer by more than that
    axis = limbs.start_depth[:, None] + share * (limbs.stop_depth - limbs.start_depth)[:, None]
    out = (near & (axis + RADIUS_M * 0.5 + 0.02 < depth[:, :, None]) & ~_OWN).any(axis=-1)
    # the face is hidden by the head itself when the person looks away
    head_depth = cameras.to_camera(joints[:, HEAD : HEAD + 1])[..., 2]
    out[:, :5] |= depth[:, :5] > head_depth + 0.035
    return np.asarray(out)
