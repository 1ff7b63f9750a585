"""The outlines of people without their colours: all that labels need, and many times faster."""

from __future__ import annotations

import cv2
import numpy as np

from raasid.data.synthetic.arrays import Bools, Floats
from raasid.data.synthetic.camera import Camera
from raasid.data.synthetic.cutout import Mask
from raasid.data.synthetic.figure import ON_TOP, Limbs, Outlines, smeared
from raasid.data.synthetic.finish import EDGE, FINE, fine_layer, fingers_of
from raasid.data.synthetic.skeleton import PELVIS


def silhouettes(limbs: Limbs, size: tuple[int, int], *, side: float, smear_px: Floats) -> list[Mask | None]:
    """The alpha of `figures`, to the last bit; N bodies, None for those out of sight."""
    lines = Outlines.of(limbs, size, side=side, smear_px=smear_px)
    out: list[Mask | None] = [None] * len(limbs.radius)
    for i, strokes in zip(lines.seen.tolist(), lines.strokes, strict=True):
        fine, (left, top) = int(lines.fine[i]), lines.low[i].tolist()
        width, height = (lines.high[i] - lines.low[i]).tolist()
        canvas = np.zeros((height * fine, width * fine), np.uint8)
        for k, (ax, ay, bx, by), (dx, dy), thick in strokes:
            if ON_TOP[k]:
                continue
            cv2.line(canvas, (ax, ay), (bx, by), 255, thick, cv2.LINE_8, 4)
            if thick > 5:
                lit = (ax + dx, ay + dy), (bx + dx, by + dy)
                cv2.line(canvas, *lit, 255, int(thick * 0.66), cv2.LINE_8, 4)
        small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
        small = smeared(small, (float(smear_px[i, 0]), float(smear_px[i, 1])))
        out[i] = Mask(left, top, small / 255)
    return out


def with_fingers(mask: Mask, joints: Floats, hidden: Bools, camera: Camera) -> Mask:
    """The alpha of `finish`, for a body (25, 3): of its small parts only fingers reach beyond the body."""
    scale = camera.pixels_per_metre(joints[PELVIS])
    corner = np.array([mask.left - EDGE, mask.top - EDGE])
    alpha = np.pad(mask.alpha, EDGE)
    for side in (0, 1):
        fingers = [] if hidden[9 + side] else fingers_of(joints, side, camera)
        if not fingers:
            continue
        ends = camera.project(np.array([finger[:2] for finger in fingers]))[0] - corner
        reach = max(width_m for *_, width_m in fingers) * scale / 2 + 2
        thick = [max(1, round(width_m * scale * FINE)) for *_, width_m in fingers]

        def draw(layer: Floats, at: Floats, ends: Floats = ends, thick: list[int] = thick) -> None:
            places = np.round((ends - at) * (FINE * 16) - 8).astype(int).tolist()
            for (a, b), wide in zip(places, thick, strict=True):
                cv2.line(layer, a, b, 1.0, wide, cv2.LINE_8, 4)

        low, high = ends.min(axis=(0, 1)) - reach, ends.max(axis=(0, 1)) + reach
        layer = fine_layer(low, high, alpha.shape, 1, draw)
        if layer is not None:
            part, over = layer
            alpha[part] = alpha[part] * (1 - over) + over
    return Mask(int(corner[0]), int(corner[1]), alpha)
