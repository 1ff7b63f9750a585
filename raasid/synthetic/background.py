"""The static background of a clip, painted once for many frames.

The camera turns and zooms about its centre, so the background of a frame is a homography of one larger
image. A clip that pans far gets several of these.
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

_MAX_GROWTH = 1.7
"""A background is at most this many times as wide and as high as a frame."""
_MARGIN_PX = 8
"""A quad this far outside the image may still affect it, because backgrounds are resampled."""
_LAWN_CORNERS = [(-HALF_X_M, -HALF_Y_M), (HALF_X_M, -HALF_Y_M), (HALF_X_M, HALF_Y_M), (-HALF_X_M, HALF_Y_M)]


@dataclass(frozen=True, slots=True, eq=False)
class StaticBackground:
    """Background and foreground of the frames in `span`."""

    span: range
    camera: Camera
    background: Image
    """Blue, green, red and an unused channel: four are warped much faster than three."""
    foreground: Image | None
    """What occludes people and ball, with its alpha as the fourth channel."""

    def frame(self, camera: Camera) -> tuple[Image, Image | None]:
        """Return background (h, w, 3) and foreground (h, w, 4), which may be None, as `camera` sees them."""
        homography = view_homography(self.camera, camera)
        background = warp(self.background, homography, camera.size)
        background = np.asarray(cv2.cvtColor(background, cv2.COLOR_BGRA2BGR))
        if self.foreground is None:
            return background, None
        foreground = warp(self.foreground, homography, camera.size)
        return background, foreground if cv2.hasNonZero(cv2.extractChannel(foreground, 3)) else None


def view_homography(source: Camera, camera: Camera) -> Floats:
    """Return the homography (3, 3) between the pixel indices of two cameras with the same centre."""
    half_pixel = np.array([[1.0, 0.0, -0.5], [0.0, 1.0, -0.5], [0.0, 0.0, 1.0]])
    return np.asarray(half_pixel @ camera.homography_from(source) @ np.linalg.inv(half_pixel))


def warp(image: Image, homography: Floats, size: tuple[int, int]) -> Image:
    """Warp an image by a homography; a shift by whole pixels is a crop."""
    width, height = size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], dtype=np.float64)
    source = corners @ np.linalg.inv(homography).T
    moved = source[:, :2] / source[:, 2:] - corners[:, :2]
    x, y = (int(step) for step in np.round(moved[0]))
    inside = x >= 0 and y >= 0 and x + width <= image.shape[1] and y + height <= image.shape[0]
    if inside and np.abs(moved - [x, y]).max() < 1e-6:
        return image[y : y + height, x : x + width]
    return np.asarray(cv2.warpPerspective(image, homography, size, borderMode=cv2.BORDER_REPLICATE))


def paint_backgrounds(
    rng: Generator, cameras: list[Camera], turf: Turf, stadium: Stadium
) -> Iterator[StaticBackground]:
    """Yield the backgrounds of frames 0 … len(cameras) - 1 in order; each is painted when it is needed."""
    raw = rng.standard_normal((256, 256), dtype=np.float32)
    grain = np.clip(np.round(128 + turf.grain * raw), 0, 255).astype(np.uint8)
    for span, view in view_spans(cameras):
        yield StaticBackground(span, view, *_paint(view, turf, stadium, grain))


def view_spans(cameras: list[Camera]) -> Iterator[tuple[range, Camera]]:
    """Yield runs of frames that share a background, and the camera that sees all of it."""
    inverses = np.linalg.inv(np.stack([camera.intrinsics for camera in cameras]))
    start = 0
    while start < len(cameras):
        stop, view = start + 1, _common_view(cameras[start : start + 1], inverses[start : start + 1])
        while stop < len(cameras):
            wider = _common_view(cameras[start : stop + 1], inverses[start : stop + 1])
            if wider is None:
                break
            view, stop = wider, stop + 1
        assert view is not None
        yield range(start, stop), view
        start = stop


def _common_view(cameras: list[Camera], inverses: Floats) -> Camera | None:
    """Return a camera that sees what all of these see, None if its image would be too large.

    inverses: (len(cameras), 3, 3), of their intrinsics.
    """
    centre = len(cameras) // 2
    middle = cameras[centre]
    base = replace(middle, focal_px=max(c.focal_px for c in cameras))
    width, height = middle.size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], dtype=np.float64)
    # as `Camera.homography_from`, of all cameras at once, and to the last bit: corners lie on whole pixels
    turns = base.rotation @ np.stack([camera.rotation for camera in cameras]).transpose(0, 2, 1)
    turns[centre] = base.rotation @ base.rotation.T
    moved = (corners @ (base.intrinsics @ turns @ inverses).transpose(0, 2, 1)).reshape(-1, 3)
    if (moved[:, 2] <= 0.1).any():
        return None
    pixels = moved[:, :2] / moved[:, 2:]
    low, high = np.floor(pixels.min(axis=0)) - 3, np.ceil(pixels.max(axis=0)) + 3
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    if len(cameras) > 1 and (size[0] > _MAX_GROWTH * width or size[1] > _MAX_GROWTH * height):
        return None
    return replace(base, principal=(base.principal[0] - low[0], base.principal[1] - low[1]), size=size)


def _paint(camera: Camera, turf: Turf, stadium: Stadium, grain: Image) -> tuple[Image, Image | None]:
    width, height = camera.size
    image = np.empty((height, width, 3), np.uint8)
    # whole rows: numpy fills three bytes at a time slowly
    image.reshape(height, -1)[:] = np.tile(np.array(stadium.gap, np.uint8), width)
    lawn = paint_lawn(camera, turf, grain)
    if not _shows_only_lawn(camera):
        # nothing is painted below the lawn
        rows = height if lawn is None else lawn.open_rows(height)
        for quad in stadium.stands:
            quad.paste(image, camera, rows=rows)
    if lawn is not None:
        cv2.copyTo(lawn.image, lawn.mask, image[lawn.window])
    for quad in stadium.boards:
        quad.paste(image, camera)
    for side in (-1, 1):
        _draw_goal(image, camera, side, stadium.net_opacity)
    foreground = np.zeros((height, width, 3), np.uint8)
    alpha = np.zeros((height, width), np.uint8)
    for quad in stadium.occluders:
        quad.paste(foreground, camera, alpha)
    background = cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
    if not cv2.hasNonZero(alpha):
        return background, None
    return background, cv2.merge([foreground, alpha])


def _shows_only_lawn(camera: Camera) -> bool:
    """Whether the image shows nothing beyond the lawn, so that the stands need not be painted."""
    mask = np.zeros((camera.size[1] // 8, camera.size[0] // 8), np.uint8)
    outline = camera.outline(np.array([[-x, -y, 0] for x, y in _LAWN_CORNERS]))
    if len(outline) == 0:
        return False
    cv2.fillPoly(mask, [np.round(outline.clip(-30000, 30000) / 8).astype(np.int32)], 255)
    return bool(mask.all())


def _draw_goal(image: Image, camera: Camera, side: int, net_opacity: float) -> None:
    frame, net = goal_lines(side)
    pixels, depth = camera.project(frame)
    if (depth < 2).any() or not ((pixels > -400) & (pixels < np.array(camera.size) + 400)).all():
        return
    scale = camera.pixels_per_metre(frame[2, 0])
    layer = image.copy()
    strings, _ = camera.project(net)
    for a, b in np.round((strings - 0.5) * 16).astype(int):
        cv2.line(layer, tuple(a.tolist()), tuple(b.tolist()), (225, 228, 228), 1, cv2.LINE_AA, 4)
    strength = net_opacity * min(1.0, 0.06 * scale)
    cv2.addWeighted(layer, strength, image, 1 - strength, 0, dst=image)
    for a, b in np.round((pixels - 0.5) * 16).astype(int):
        thickness = max(1, round(0.12 * scale))
        cv2.line(image, tuple(a.tolist()), tuple(b.tolist()), (214, 220, 220), thickness, cv2.LINE_AA, 4)


def occluder_masks(cameras: list[Camera], stadium: Stadium) -> list[Floats | None]:
    """Return for each frame the alpha (h, w) of the foreground that `paint_backgrounds` paints, or None.

    Nothing is painted: this serves labels without images.
    """
    if not any(_may_show(camera, stadium.occluders) for camera in cameras):
        return [None] * len(cameras)
    out: list[Floats | None] = []
    for span, view in view_spans(cameras):
        alpha = _foreground_alpha(view, stadium.occluders)
        for camera in (cameras[i] for i in span):
            mask = None if alpha is None else warp(alpha, view_homography(view, camera), camera.size)
            out.append(mask.astype(np.float32) / 255 if mask is not None and cv2.hasNonZero(mask) else None)
    return out


def _may_show(camera: Camera, quads: list[TexturedQuad]) -> bool:
    """Return False if all quads lie below the plane through the camera and the image's bottom edge."""
    corners = np.concatenate([quad.corners for quad in quads])
    local = camera.to_camera(corners)
    steepest = (camera.size[1] + _MARGIN_PX - camera.principal[1]) / camera.focal_px
    return bool((local[:, 1] <= steepest * local[:, 2]).any())


def _foreground_alpha(camera: Camera, quads: list[TexturedQuad]) -> Image | None:
    alpha = np.zeros(camera.size[::-1], np.uint8)
    for quad in quads:
        masked = quad.mask(camera)
        if masked is not None:
            (x0, y0, x1, y1), mask = masked
            cv2.max(alpha[y0:y1, x0:x1], mask, dst=alpha[y0:y1, x0:x1])
    return alpha if cv2.hasNonZero(alpha) else None
