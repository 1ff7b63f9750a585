"""The outlines of people without their colours: all that labels need, and many times faster."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from raasid.synthetic.arrays import Bools, Floats
from raasid.synthetic.body_rendering import ON_TOP, Limbs, LimbStrokes, motion_blurred
from raasid.synthetic.camera import Camera, Cameras
from raasid.synthetic.close_up_details import EDGE, FINE, FINGER_WIDTHS_M, fine_layer, fingers
from raasid.synthetic.skeleton import PELVIS
from raasid.synthetic.sprites import Mask

_WHOLE = np.flatnonzero(~ON_TOP)


def silhouettes(limbs: Limbs, size: tuple[int, int], *, side: float, smear_px: Floats) -> list[Mask | None]:
    """The alpha of `render_bodies`, to the last bit; N bodies, None for those out of sight."""
    lines = LimbStrokes.of(limbs, size, side=side, smear_px=smear_px)
    out: list[Mask | None] = [None] * len(limbs.radius)
    ends, thick = lines.ends[:, _WHOLE], lines.thick[:, _WHOLE]
    if side != 0:
        # the lit sides reach beyond the limbs; with the light from above they lie within
        lit = ends + np.tile(lines.lit[:, _WHOLE], 2)
        ends = np.concatenate([ends, lit], axis=1)
        thick = np.concatenate([thick, np.where(thick > 5, (thick * 0.66).astype(int), 0)], axis=1)
    for i in lines.seen.tolist():
        fine, (left, top) = int(lines.fine[i]), lines.low[i].tolist()
        height, width = lines.canvas(i)
        canvas = np.zeros((height, width), np.uint8)
        for (ax, ay, bx, by), wide in zip(ends[i].tolist(), thick[i].tolist(), strict=True):
            if wide:
                cv2.line(canvas, (ax, ay), (bx, by), 255, wide, cv2.LINE_8, 4)
        small = cv2.resize(canvas, (width // fine, height // fine), interpolation=cv2.INTER_AREA)
        moved = motion_blurred(small.astype(np.float32), (float(smear_px[i, 0]), float(smear_px[i, 1])))
        out[i] = Mask(left, top, moved / 255)
    return out


def add_fingers(
    masks: Sequence[Mask], joints: Floats, hidden: Bools, cameras: Sequence[Camera]
) -> list[Mask]:
    """The alpha of `add_details`, for bodies (N, 25, 3); no other small part reaches beyond the body.

    hidden: (N, 17). cameras: one per body, all on one spot.
    """
    if not masks:
        return []
    eyes = Cameras(cameras)
    lines, shown = fingers(joints, cameras[0].centre)
    pixels = eyes.project(lines.reshape(len(lines), 20, 3))[0].reshape(-1, 2, 5, 2, 2)
    scale = eyes.pixels_per_metre(eyes.to_camera(joints[:, PELVIS : PELVIS + 1])[..., 2])
    thick = np.maximum(1, np.round(np.array(FINGER_WIDTHS_M) * scale * FINE)).astype(int).tolist()
    reach = (max(FINGER_WIDTHS_M) * scale / 2 + 2).tolist()
    drawn = shown & ~hidden[:, 9:11]
    out: list[Mask] = []
    for k, mask in enumerate(masks):
        height, width = mask.alpha.shape
        alpha = np.zeros((height + 2 * EDGE, width + 2 * EDGE), np.float32)
        alpha[EDGE:-EDGE, EDGE:-EDGE] = mask.alpha
        grown = Mask(mask.left - EDGE, mask.top - EDGE, alpha)
        for side in np.flatnonzero(drawn[k]).tolist():
            _hand(grown, pixels[k, side], thick[k], reach[k][0])
        out.append(grown)
    return out


def _hand(mask: Mask, ends: Floats, thick: list[int], reach: float) -> None:
    """Draw five fingers, ends (5, 2, 2) pixels, into the mask."""
    ends = ends - (mask.left, mask.top)

    def draw(layer: Floats, at: Floats) -> None:
        places = np.round((ends - at) * (FINE * 16) - 8).astype(int).tolist()
        for (a, b), wide in zip(places, thick, strict=True):
            cv2.line(layer, a, b, 1.0, wide, cv2.LINE_8, 4)

    corners = ends.reshape(-1, 2)
    low, high = corners.min(axis=0) - reach, corners.max(axis=0) + reach
    found = fine_layer(low, high, mask.alpha.shape, 1, draw)
    if found is not None:
        part, over = found
        mask.alpha[part] = mask.alpha[part] * (1 - over) + over
