"""The record of one clip without its images, many times faster than rendering them.

Silhouettes of people are the alpha of the rendered bodies, which is all that labels need.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from raasid.footage.records import Clip
from raasid.synthetic.arrays import Bools, Floats, Ints
from raasid.synthetic.background import occluder_masks
from raasid.synthetic.ball_rendering import ball_mask
from raasid.synthetic.body_rendering import ON_TOP, Limbs, LimbStrokes, motion_blurred
from raasid.synthetic.camera import Camera, Cameras
from raasid.synthetic.clip_setup import ClipSetup
from raasid.synthetic.close_up_details import (
    FINGER_WIDTHS_M,
    MARGIN_PX,
    SUPERSAMPLING,
    fingers,
    supersampled_layer,
)
from raasid.synthetic.frame_labels import FrameLabeler
from raasid.synthetic.league import League
from raasid.synthetic.skeleton import PELVIS
from raasid.synthetic.sprites import Mask
from raasid.synthetic.visibility import VisibilityRenderer

_OUTLINE = np.flatnonzero(~ON_TOP)


def silhouettes(limbs: Limbs, size: tuple[int, int], *, side: float, smear_px: Floats) -> list[Mask | None]:
    """Return the alpha of `render_bodies`, to the last bit, for N bodies; None for invisible ones."""
    strokes = LimbStrokes.of(limbs, size, side=side, smear_px=smear_px)
    out: list[Mask | None] = [None] * len(limbs.radius)
    ends, thickness = strokes.ends[:, _OUTLINE], strokes.thickness[:, _OUTLINE]
    if side != 0:
        # the lit sides reach beyond the limbs, unless the light comes from above
        lit = ends + np.tile(strokes.lit[:, _OUTLINE], 2)
        ends = np.concatenate([ends, lit], axis=1)
        thickness = np.concatenate(
            [thickness, np.where(thickness > 5, (thickness * 0.66).astype(int), 0)], axis=1
        )
    for i in strokes.visible.tolist():
        factor, (left, top) = int(strokes.supersampling[i]), strokes.low[i].tolist()
        height, width = strokes.canvas(i)
        canvas = np.zeros((height, width), np.uint8)
        for (ax, ay, bx, by), width_px in zip(ends[i].tolist(), thickness[i].tolist(), strict=True):
            if width_px:
                cv2.line(canvas, (ax, ay), (bx, by), 255, width_px, cv2.LINE_8, 4)
        small = cv2.resize(canvas, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
        blurred = motion_blurred(small.astype(np.float32), (float(smear_px[i, 0]), float(smear_px[i, 1])))
        out[i] = Mask(left, top, blurred / 255)
    return out


def add_fingers(
    masks: Sequence[Mask], joints: Floats, hidden: Bools, cameras: Sequence[Camera]
) -> list[Mask]:
    """Return the alpha of `add_details` for bodies (N, 25, 3): of all details only fingers change it.

    hidden: (N, 17) keypoints that the body itself occludes. cameras: one per body, with one centre.
    """
    if not masks:
        return []
    views = Cameras(cameras)
    lines, turned = fingers(joints, cameras[0].centre)
    pixels = views.project(lines.reshape(len(lines), 20, 3))[0].reshape(-1, 2, 5, 2, 2)
    scale = views.pixels_per_metre(views.to_camera(joints[:, PELVIS : PELVIS + 1])[..., 2])
    thickness = (
        np.maximum(1, np.round(np.array(FINGER_WIDTHS_M) * scale * SUPERSAMPLING)).astype(int).tolist()
    )
    reach = (max(FINGER_WIDTHS_M) * scale / 2 + 2).tolist()
    drawn = turned & ~hidden[:, 9:11]
    out: list[Mask] = []
    for k, mask in enumerate(masks):
        height, width = mask.alpha.shape
        alpha = np.zeros((height + 2 * MARGIN_PX, width + 2 * MARGIN_PX), np.float32)
        alpha[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] = mask.alpha
        grown = Mask(mask.left - MARGIN_PX, mask.top - MARGIN_PX, alpha)
        for side in np.flatnonzero(drawn[k]).tolist():
            _draw_fingers(grown, pixels[k, side], thickness[k], reach[k][0])
        out.append(grown)
    return out


def _draw_fingers(mask: Mask, ends: Floats, thickness: list[int], reach: float) -> None:
    """Draw five fingers, ends (5, 2, 2) pixels, into the mask."""
    ends = ends - (mask.left, mask.top)

    def draw(canvas: Floats, corner: Floats) -> None:
        points = np.round((ends - corner) * (SUPERSAMPLING * 16) - 8).astype(int).tolist()
        for (a, b), width_px in zip(points, thickness, strict=True):
            cv2.line(canvas, a, b, 1.0, width_px, cv2.LINE_8, 4)

    corners = ends.reshape(-1, 2)
    low, high = corners.min(axis=0) - reach, corners.max(axis=0) + reach
    layer = supersampled_layer(low, high, mask.alpha.shape, 1, draw)
    if layer is not None:
        window, over = layer
        mask.alpha[window] = mask.alpha[window] * (1 - over) + over


class MaskRasterizer:
    """A `Rasterizer` of masks without colours; side: as `Light.side`."""

    def __init__(self, size: tuple[int, int], side: float) -> None:
        self._size, self._side = size, side

    def people(self, actors: Ints, joints: Floats, limbs: Limbs, smear_px: Floats) -> list[Mask | None]:
        """See `Rasterizer`."""
        return silhouettes(limbs, self._size, side=self._side, smear_px=smear_px)

    def add_details(
        self, masks: list[Mask], actors: list[int], joints: Floats, hidden: Bools, cameras: list[Camera]
    ) -> list[Mask]:
        """See `Rasterizer`."""
        return add_fingers(masks, joints, hidden, cameras)

    def ball(self, centres: Floats, radius_px: float, position: Floats) -> Mask:
        """See `Rasterizer`."""
        return ball_mask(centres, radius_px)


def label_clip(league: League, match: int, clip: int) -> Clip:
    """Return the record that `render_clip` returns. Raises ScenarioInfeasible."""
    setup = ClipSetup.of(league, match, clip, painted=False)
    size, setting = setup.league.size, setup.setting
    rasterizer = MaskRasterizer(size, setting.light.side)
    renderer = VisibilityRenderer(
        setting, setup.play, setup.operator, size, rasterizer, close=setup.scene is not None
    )
    labeler = FrameLabeler(setup.play, size, setting.overlay.alpha)
    views = renderer.frames(np.array(setup.times))
    foregrounds = occluder_masks([view.camera for view in views], setting.stadium)
    frames = [
        labeler.label(view, foreground, i * setup.stride, setup.image_path(i))
        for i, (view, foreground) in enumerate(zip(views, foregrounds, strict=True))
    ]
    return setup.finish([], frames)[1]
