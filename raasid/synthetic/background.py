"""The still part of a clip, painted once.

The camera turns and zooms on one spot, so every frame's background is a homography of one larger
image: the plate. A clip that pans far gets several.

Where dug-outs, boards and the stand under the camera hide people and ball, without painting them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.random import Generator

from raasid.synthetic.arrays import Floats, Image
from raasid.synthetic.camera import Camera
from raasid.synthetic.grass import HALF_X_M, HALF_Y_M, Turf, paint_lawn
from raasid.synthetic.stadium import Stadium, goal_lines
from raasid.synthetic.textured_quad import TexturedQuad

_LARGEST = 1.7
"""Plates grow to this many times the frame's width and height."""
_CORNERS = [(-HALF_X_M, -HALF_Y_M), (HALF_X_M, -HALF_Y_M), (HALF_X_M, HALF_Y_M), (-HALF_X_M, HALF_Y_M)]


@dataclass(frozen=True, slots=True, eq=False)
class StaticBackground:
    """Background and foreground for the frames in `span`."""

    span: range
    camera: Camera
    behind: Image
    """Blue, green, red and a channel without meaning: four are warped much faster than three."""
    before: Image | None
    """What hides people and ball, with its alpha as the fourth channel."""

    def frame(self, camera: Camera) -> tuple[Image, Image | None]:
        """Background (h, w, 3) and foreground (h, w, 4) or None as `camera` sees them."""
        warp = between(self.camera, camera)
        behind = warped(self.behind, warp, camera.size)
        behind = np.asarray(cv2.cvtColor(behind, cv2.COLOR_BGRA2BGR))
        if self.before is None:
            return behind, None
        before = warped(self.before, warp, camera.size)
        return behind, before if cv2.hasNonZero(cv2.extractChannel(before, 3)) else None


def between(plate: Camera, camera: Camera) -> Floats:
    """Homography (3, 3) from the plate's pixel indices to those of a camera on the same spot."""
    half_pixel = np.array([[1.0, 0.0, -0.5], [0.0, 1.0, -0.5], [0.0, 0.0, 1.0]])
    return np.asarray(half_pixel @ camera.same_spot(plate) @ np.linalg.inv(half_pixel))


def warped(image: Image, warp: Floats, size: tuple[int, int]) -> Image:
    """The image as a homography shows it; a shift by whole pixels needs no more than a cut."""
    width, height = size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], dtype=np.float64)
    source = corners @ np.linalg.inv(warp).T
    moved = source[:, :2] / source[:, 2:] - corners[:, :2]
    x, y = (int(step) for step in np.round(moved[0]))
    there = x >= 0 and y >= 0 and x + width <= image.shape[1] and y + height <= image.shape[0]
    if there and np.abs(moved - [x, y]).max() < 1e-6:
        return image[y : y + height, x : x + width]
    return np.asarray(cv2.warpPerspective(image, warp, size, borderMode=cv2.BORDER_REPLICATE))


def paint_backgrounds(
    rng: Generator, cameras: list[Camera], turf: Turf, stadium: Stadium
) -> Iterator[StaticBackground]:
    """Plates for frames 0 … len(cameras) - 1, in order, each painted when it is asked for."""
    raw = rng.standard_normal((256, 256), dtype=np.float32)
    grain = np.clip(np.round(128 + turf.grain * raw), 0, 255).astype(np.uint8)
    for span, view in spans(cameras):
        yield StaticBackground(span, view, *_paint(view, turf, stadium, grain))


def spans(cameras: list[Camera]) -> Iterator[tuple[range, Camera]]:
    """The frames that share a plate, and the camera that sees the plate."""
    inverses = np.linalg.inv(np.stack([camera.intrinsics for camera in cameras]))
    start = 0
    while start < len(cameras):
        stop, view = start + 1, _view(cameras[start : start + 1], inverses[start : start + 1])
        while stop < len(cameras):
            wider = _view(cameras[start : stop + 1], inverses[start : stop + 1])
            if wider is None:
                break
            view, stop = wider, stop + 1
        assert view is not None
        yield range(start, stop), view
        start = stop


def _view(cameras: list[Camera], inverses: Floats) -> Camera | None:
    """A camera that sees what all of these see, or None when its image would be too large.

    inverses: (len(cameras), 3, 3), of their intrinsics.
    """
    centre = len(cameras) // 2
    middle = cameras[centre]
    base = replace(middle, focal_px=max(c.focal_px for c in cameras))
    width, height = middle.size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], dtype=np.float64)
    # as `Camera.same_spot`, of all cameras at once, and to the last bit: corners lie on whole pixels
    turns = base.rotation @ np.stack([camera.rotation for camera in cameras]).transpose(0, 2, 1)
    turns[centre] = base.rotation @ base.rotation.T
    moved = (corners @ (base.intrinsics @ turns @ inverses).transpose(0, 2, 1)).reshape(-1, 3)
    if (moved[:, 2] <= 0.1).any():
        return None
    seen = moved[:, :2] / moved[:, 2:]
    low, high = np.floor(seen.min(axis=0)) - 3, np.ceil(seen.max(axis=0)) + 3
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    if len(cameras) > 1 and (size[0] > _LARGEST * width or size[1] > _LARGEST * height):
        return None
    return replace(base, principal=(base.principal[0] - low[0], base.principal[1] - low[1]), size=size)


def _paint(camera: Camera, turf: Turf, stadium: Stadium, grain: Image) -> tuple[Image, Image | None]:
    width, height = camera.size
    image = np.empty((height, width, 3), np.uint8)
    # whole rows: numpy is slow at filling in three bytes at a time
    image.reshape(height, -1)[:] = np.tile(np.array(stadium.gap, np.uint8), width)
    lawn = paint_lawn(camera, turf, grain)
    if not _only_lawn(camera):
        # what the lawn covers needs no paint beneath
        rows = height if lawn is None else lawn.open_rows(height)
        for panel in stadium.stands:
            panel.paste(image, camera, rows=rows)
    if lawn is not None:
        cv2.copyTo(lawn.image, lawn.mask, image[lawn.part])
    for panel in stadium.boards:
        panel.paste(image, camera)
    for side in (-1, 1):
        _goal(image, camera, side, stadium.net)
    before = np.zeros((height, width, 3), np.uint8)
    alpha = np.zeros((height, width), np.uint8)
    for panel in stadium.before:
        panel.paste(before, camera, alpha)
    behind = cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
    if not cv2.hasNonZero(alpha):
        return behind, None
    return behind, cv2.merge([before, alpha])


def _only_lawn(camera: Camera) -> bool:
    """Whether the image shows nothing beyond the lawn, so that the stands need no paint."""
    mask = np.zeros((camera.size[1] // 8, camera.size[0] // 8), np.uint8)
    outline = camera.outline(np.array([[-x, -y, 0] for x, y in _CORNERS]))
    if len(outline) == 0:
        return False
    cv2.fillPoly(mask, [np.round(outline.clip(-30000, 30000) / 8).astype(np.int32)], 255)
    return bool(mask.all())


def _goal(image: Image, camera: Camera, side: int, net_white: float) -> None:
    frame, net = goal_lines(side)
    pixels, depth = camera.project(frame)
    if (depth < 2).any() or not ((pixels > -400) & (pixels < np.array(camera.size) + 400)).all():
        return
    scale = camera.pixels_per_metre(frame[2, 0])
    veil = image.copy()
    strings, _ = camera.project(net)
    for a, b in np.round((strings - 0.5) * 16).astype(int):
        cv2.line(veil, tuple(a.tolist()), tuple(b.tolist()), (225, 228, 228), 1, cv2.LINE_AA, 4)
    strength = net_white * min(1.0, 0.06 * scale)
    cv2.addWeighted(veil, strength, image, 1 - strength, 0, dst=image)
    for a, b in np.round((pixels - 0.5) * 16).astype(int):
        thick = max(1, round(0.12 * scale))
        cv2.line(image, tuple(a.tolist()), tuple(b.tolist()), (214, 220, 220), thick, cv2.LINE_AA, 4)


_MARGIN_PX = 8
"""So far beyond the image a panel may still be felt: plates are resampled."""


def occluder_masks(cameras: list[Camera], stadium: Stadium) -> list[Floats | None]:
    """For each frame the alpha (h, w) of what `paint_backgrounds` puts before people and ball, or None."""
    if not any(_reaches(camera, stadium.before) for camera in cameras):
        return [None] * len(cameras)
    out: list[Floats | None] = []
    for span, view in spans(cameras):
        alpha = _alpha(view, stadium.before)
        for camera in (cameras[i] for i in span):
            seen = None if alpha is None else warped(alpha, between(view, camera), camera.size)
            out.append(seen.astype(np.float32) / 255 if seen is not None and cv2.hasNonZero(seen) else None)
    return out


def _reaches(camera: Camera, panels: list[TexturedQuad]) -> bool:
    """False where all panels lie below the plane through the camera and the image's bottom edge."""
    corners = np.concatenate([panel.corners for panel in panels])
    seen = camera.to_camera(corners)
    steepest = (camera.size[1] + _MARGIN_PX - camera.principal[1]) / camera.focal_px
    return bool((seen[:, 1] <= steepest * seen[:, 2]).any())


def _alpha(camera: Camera, panels: list[TexturedQuad]) -> Image | None:
    alpha = np.zeros(camera.size[::-1], np.uint8)
    for panel in panels:
        found = panel.mask(camera)
        if found is not None:
            (x0, y0, x1, y1), mask = found
            cv2.max(alpha[y0:y1, x0:x1], mask, dst=alpha[y0:y1, x0:x1])
    return alpha if cv2.hasNonZero(alpha) else None
