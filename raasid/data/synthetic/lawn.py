"""The lawn as one camera sees it: grass, lines on it, then light on both."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from raasid.data.synthetic.arrays import Floats, Image
from raasid.data.synthetic.camera import NEAR_M, Camera
from raasid.data.synthetic.pitch import markings
from raasid.data.synthetic.turf import Turf

_FINE = 2
"""Lines are drawn this many times finer, so that those below a pixel are thin and not missing."""
_WHITE = np.array([222, 232, 228], np.float32)
_MARKINGS = markings()


@dataclass(frozen=True, slots=True, eq=False)
class Lawn:
    """The part of a picture in which the lawn lies."""

    part: tuple[slice, slice]
    picture: Image
    """(h, w, 3)"""
    mask: Image
    """(h, w), above 0 where there is grass."""

    def open_rows(self, height: int) -> int:
        """How many of the picture's `height` rows, from the top, have something other than grass."""
        rows, columns = self.part
        if columns.start > 0 or rows.stop < height:
            return height
        bare = np.flatnonzero(cv2.reduce(self.mask, 1, cv2.REDUCE_MIN)[:, 0] == 0)
        return int(rows.start) + (int(bare[-1]) + 1 if len(bare) else 0)


def paint_lawn(camera: Camera, turf: Turf, grain: Image) -> Lawn | None:
    """The lawn, or None where none is in sight; grain (256, 256): the blades, 128 for none."""
    sight = turf.ground.sight(camera)
    if sight is None:
        return None
    rows, columns = sight.part
    grass = cv2.cvtColor(sight.texels, cv2.COLOR_BGRA2BGR)
    _lay_lines(grass, camera, turf, (columns.start, rows.start))
    blades = _tiled(grain, rows, columns)
    cv2.addWeighted(grass, 1, cv2.cvtColor(blades, cv2.COLOR_GRAY2BGR), 1, -128, dst=grass)
    if turf.plain_light is not None:
        cv2.convertScaleAbs(grass, dst=grass, alpha=turf.plain_light / 128)
        return Lawn(sight.part, grass, sight.mask)
    light = cv2.extractChannel(sight.texels, 3)
    edge = sight.edge()
    share = sight.mask[edge].astype(np.float32) / 255
    light[edge] = (np.float32(128) * (1 - share) + light[edge] * share).astype(np.uint8)
    cv2.multiply(grass, cv2.cvtColor(light, cv2.COLOR_GRAY2BGR), dst=grass, scale=1 / 128)
    return Lawn(sight.part, grass, sight.mask)


def _tiled(grain: Image, rows: slice, columns: slice) -> Image:
    """The grain repeated over the whole picture, cut to a part of it."""
    size = len(grain)
    top, left = rows.start % size, columns.start % size
    down = -(-(top + rows.stop - rows.start) // size)
    across = -(-(left + columns.stop - columns.start) // size)
    tiles = np.tile(grain, (down, across))
    return tiles[top : top + rows.stop - rows.start, left : left + columns.stop - columns.start]


def _lay_lines(grass: Image, camera: Camera, turf: Turf, corner: tuple[int, int]) -> None:
    """White paint over `grass`, whose top left pixel lies at `corner` of the camera's picture."""
    width, height = camera.size
    fine = np.zeros((height * _FINE, width * _FINE), np.uint8)
    for outline in _outlines(camera, [*_MARKINGS, *turf.litter]):
        points = np.round((outline * _FINE - 0.5).clip(-30000, 30000) * 16).astype(np.int32)
        cv2.fillConvexPoly(fine, points, 255, shift=4)
    x, y = corner
    tall, wide = grass.shape[:2]
    fine = fine[y * _FINE : (y + tall) * _FINE, x * _FINE : (x + wide) * _FINE]
    paint = cv2.resize(fine, (wide, tall), interpolation=cv2.INTER_AREA)
    spots = cv2.findNonZero(paint)
    if spots is None:
        return
    columns, rows = spots.reshape(-1, 2).T
    painted = rows, columns
    share = (paint[painted] * (turf.paint / 255)).astype(np.float32)[:, None]
    grass[painted] = (grass[painted] * (1 - share) + _WHITE * share).astype(np.uint8)


def _outlines(camera: Camera, polygons: list[Floats]) -> list[Floats]:
    """The polygons in sight, in pixels."""
    ends = np.cumsum([len(polygon) for polygon in polygons])
    starts = np.r_[0, ends[:-1]]
    seen = camera.to_camera(np.concatenate(polygons))
    nearest = np.minimum.reduceat(seen[:, 2], starts)
    farthest = np.maximum.reduceat(seen[:, 2], starts)
    pixels = seen[:, :2] / np.maximum(seen[:, 2:], NEAR_M) * camera.focal_px + np.array(camera.principal)
    whole = nearest >= NEAR_M
    low = np.minimum.reduceat(pixels, starts, axis=0)
    high = np.maximum.reduceat(pixels, starts, axis=0)
    inside = (high > 0).all(axis=1) & (low < camera.size).all(axis=1)
    out = [pixels[starts[i] : ends[i]] for i in np.flatnonzero(whole & inside)]
    for i in np.flatnonzero(~whole & (farthest >= NEAR_M)):
        outline = camera.outline(polygons[i])
        if len(outline) and (outline.max(axis=0) > 0).all() and (outline.min(axis=0) < camera.size).all():
            out.append(outline)
    return out
