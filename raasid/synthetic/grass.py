"""The lawn: grass texture of a match, and its image in one camera with lines and light on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from raasid.synthetic.arrays import Floats, Image
from raasid.synthetic.camera import NEAR_M, Camera
from raasid.synthetic.clothing import Colour
from raasid.synthetic.lighting import Light
from raasid.synthetic.pitch import LENGTH_M, WIDTH_M, markings
from raasid.synthetic.textured_quad import TexturedQuad

TEXELS_PER_M = 7.0
HALF_X_M, HALF_Y_M = 62.0, 46.0
"""The texture reaches from -HALF to +HALF around the centre spot."""
_GREENS = np.array(
    [
        [62, 140, 105],
        [64, 144, 106],
        [44, 104, 78],
        [72, 146, 112],
        [78, 132, 88],
        [60, 128, 94],
        [66, 160, 120],
        [86, 146, 112],
        [46, 122, 100],
        [74, 150, 84],
        [92, 110, 96],
    ],
    dtype=np.float64,
)
"""Blue, green, red of lawns in real broadcasts."""
_SUPERSAMPLING = 2
"""Lines are drawn at this many times the resolution: those thinner than a pixel fade and do not vanish."""
_WHITE = np.array([222, 232, 228], np.float32)
_MARKINGS = markings()


@dataclass(frozen=True, slots=True, eq=False)
class Turf:
    """The ground of one match, without lines."""

    ground: TexturedQuad
    """Unlit grass; the fourth channel is the light on it, 128 for a brightness of 1."""
    green: Colour
    uniform_light: int | None
    """The light if it is uniform, on the same scale; else None."""
    line_opacity: float
    """0 to 1."""
    litter: list[Floats]
    """Scraps of paper as ground polygons (N, 3), metres."""
    grain: float
    """Standard deviation of the grass blades in the image, grey levels."""


def smooth_noise(rng: Generator, shape: tuple[int, int], cell: float) -> Floats:
    """Return smooth, roughly standard normal noise (height, width) with blobs of `cell` texels."""
    rows, columns = max(3, int(shape[0] / cell)), max(3, int(shape[1] / cell))
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC))


def draw_turf(rng: Generator, light: Light, texels_per_m: float = TEXELS_PER_M) -> Turf:
    """Draw the ground of one match; its green does not depend on the texture's resolution."""
    shape = height, width = int(2 * HALF_Y_M * texels_per_m), int(2 * HALF_X_M * texels_per_m)
    x = ((np.arange(width) + 0.5) / texels_per_m - HALF_X_M).astype(np.float32)[None, :]
    y = ((np.arange(height) + 0.5) / texels_per_m - HALF_Y_M).astype(np.float32)[:, None]
    green = (_GREENS[int(rng.integers(len(_GREENS)))] * rng.normal(1, 0.04, 3)).astype(np.float32)
    contrast = rng.uniform(0.015, 0.085)
    tone = np.empty(shape, np.float32)
    np.multiply(_draw_mowing_pattern(rng, x, y), contrast, out=tone)
    tone += 1
    for cell, weight in ((90, 0.02), (24, 0.014), (7, 0.013), (2.2, 0.022)):
        strength = np.float32(weight * rng.uniform(0.4, 1.3))
        blotch = smooth_noise(rng, shape, cell)
        blotch *= strength
        tone += blotch
    use = np.float32(rng.uniform(0, 0.55))
    worn = _wear(x, y)
    worn *= use
    blotch = smooth_noise(rng, shape, 10)
    blotch *= 0.5
    blotch += 0.7
    worn *= np.clip(blotch, 0, 1, out=blotch)
    earth = (np.array([92, 128, 140]) * rng.uniform(0.8, 1.05)).astype(np.float32)
    off_ends = np.abs(x[0]) > LENGTH_M / 2 + rng.uniform(2.5, 5)
    off_sides = np.abs(y[:, 0]) > WIDTH_M / 2 + rng.uniform(2.5, 5)
    surround = np.array([[58, 110, 84], [92, 96, 98], [54, 74, 150], [70, 120, 70]], np.float32)[
        int(rng.integers(4))
    ]
    coarse = np.stack(np.broadcast_arrays(x[:, 1::3], y[1::3]), axis=-1)
    level = cv2.resize(
        light.brightness(coarse).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR
    )
    level *= 128
    shade = np.clip(level, 0, 255, out=level).astype(np.uint8)
    ground = np.empty((*shape, 4), np.uint8)
    for channel in range(3):
        plane = worn * (earth - green)[channel]
        plane += green[channel]
        plane[off_sides] = surround[channel]
        plane[:, off_ends] = surround[channel]
        plane *= tone
        ground[..., channel] = np.clip(plane, 0, 255, out=plane)
    ground[..., 3] = shade
    return Turf(
        ground=TexturedQuad(
            np.array([-HALF_X_M, -HALF_Y_M, 0.0]),
            np.array([2 * HALF_X_M, 0, 0]),
            np.array([0, 2 * HALF_Y_M, 0]),
            ground,
        ),
        green=(float(green[0]), float(green[1]), float(green[2])),
        uniform_light=int(shade[0, 0]) if int(shade.min()) == int(shade.max()) else None,
        litter=_draw_litter(rng),
        line_opacity=float(rng.uniform(0.55, 0.9)),
        grain=float(rng.uniform(0.5, 2.0)),
    )


def _draw_mowing_pattern(rng: Generator, x: Floats, y: Floats) -> Floats:
    """Return -1 and 1 in a mowing pattern, softened at the seams; (height, width)."""
    pattern = str(rng.choice(["across", "across", "checks", "along", "diagonal", "rings", "plain"]))
    period = float(rng.choice([LENGTH_M / 18, LENGTH_M / 14, 5.5, 11.0]))

    def wave(s: Floats) -> Floats:
        return np.asarray(np.tanh(6 * np.sin(np.pi * s / period)))

    if pattern == "across":
        return wave(x)
    if pattern == "along":
        return wave(y)
    if pattern == "checks":
        return 0.6 * wave(x) + 0.6 * wave(y)
    if pattern == "diagonal":
        return wave((x + y) * 0.7)
    if pattern == "rings":
        return wave(np.hypot(x, y))
    return np.zeros_like(x)


def _draw_litter(rng: Generator) -> list[Floats]:
    """Draw scraps of paper, in some stadiums and mostly off the pitch; from afar they resemble a ball."""
    out: list[Floats] = []
    for _ in range(int(rng.integers(3, 12)) if rng.random() < 0.3 else 0):
        away = rng.random() < 0.75
        y = rng.choice([-1, 1]) * rng.uniform(34.6, 38.0) if away else rng.uniform(-34, 34)
        middle = np.array([rng.uniform(-50, 50), y, 0.0])
        out.append(middle + np.pad(rng.uniform(-0.13, 0.13, (4, 2)), ((0, 0), (0, 1))))
    return out


def _wear(x: Floats, y: Floats) -> Floats:
    """Return how worn the grass is, 0 to about 1: in front of the goals, in the middle, at the near line.

    x: (1, width), y: (height, 1) metres.
    """

    def spot(across: Floats, along: Floats) -> Floats:
        out = -(across**2) - along**2
        return np.asarray(np.exp(out, out=out))

    goals, ends = np.abs(x) - 49, np.abs(x) - 41.5
    worn = spot(goals / 4, y / 5)
    for area, weight in (
        (spot(x / 7, y / 7), 0.5),
        (np.exp(-(((y + 34.8) / 0.8) ** 2)), 0.6),
        (spot(ends / 2, y / 2), 0.5),
    ):
        worn += np.float32(weight) * area
    return worn


@dataclass(frozen=True, slots=True, eq=False)
class Lawn:
    """The image of the lawn in one camera."""

    window: tuple[slice, slice]
    """Rows and columns of the camera's image."""
    image: Image
    """(h, w, 3) of that window."""
    mask: Image
    """(h, w), above 0 on grass."""

    def open_rows(self, height: int) -> int:
        """Return the number of rows, from the top of the image, that show something other than grass."""
        rows, columns = self.window
        if columns.start > 0 or rows.stop < height:
            return height
        bare = np.flatnonzero(cv2.reduce(self.mask, 1, cv2.REDUCE_MIN)[:, 0] == 0)
        return int(rows.start) + (int(bare[-1]) + 1 if len(bare) else 0)


def paint_lawn(camera: Camera, turf: Turf, grain: Image) -> Lawn | None:
    """Return the lawn as a camera sees it, None if it is not visible.

    grain: (256, 256) texture of the grass blades; 128 is neutral.
    """
    region = turf.ground.visible_region(camera)
    if region is None:
        return None
    rows, columns = region.window
    grass = cv2.cvtColor(region.texels, cv2.COLOR_BGRA2BGR)
    _draw_lines(grass, camera, turf, (columns.start, rows.start))
    blades = _tiled(grain, rows, columns)
    cv2.addWeighted(grass, 1, cv2.cvtColor(blades, cv2.COLOR_GRAY2BGR), 1, -128, dst=grass)
    if turf.uniform_light is not None:
        cv2.convertScaleAbs(grass, dst=grass, alpha=turf.uniform_light / 128)
        return Lawn(region.window, grass, region.mask)
    light = cv2.extractChannel(region.texels, 3)
    edge = region.edge()
    share = region.mask[edge].astype(np.float32) / 255
    light[edge] = (np.float32(128) * (1 - share) + light[edge] * share).astype(np.uint8)
    cv2.multiply(grass, cv2.cvtColor(light, cv2.COLOR_GRAY2BGR), dst=grass, scale=1 / 128)
    return Lawn(region.window, grass, region.mask)


def _tiled(grain: Image, rows: slice, columns: slice) -> Image:
    """Return the grain, repeated over the whole image, cropped to some rows and columns."""
    size = len(grain)
    top, left = rows.start % size, columns.start % size
    down = -(-(top + rows.stop - rows.start) // size)
    across = -(-(left + columns.stop - columns.start) // size)
    tiles = np.tile(grain, (down, across))
    return tiles[top : top + rows.stop - rows.start, left : left + columns.stop - columns.start]


def _draw_lines(grass: Image, camera: Camera, turf: Turf, corner: tuple[int, int]) -> None:
    """Draw the white lines on `grass`, whose top left pixel is at `corner` of the camera's image."""
    width, height = camera.size
    canvas = np.zeros((height * _SUPERSAMPLING, width * _SUPERSAMPLING), np.uint8)
    for outline in _outlines(camera, [*_MARKINGS, *turf.litter]):
        points = np.round((outline * _SUPERSAMPLING - 0.5).clip(-30000, 30000) * 16).astype(np.int32)
        cv2.fillConvexPoly(canvas, points, 255, shift=4)
    x, y = corner
    grass_height, grass_width = grass.shape[:2]
    canvas = canvas[
        y * _SUPERSAMPLING : (y + grass_height) * _SUPERSAMPLING,
        x * _SUPERSAMPLING : (x + grass_width) * _SUPERSAMPLING,
    ]
    paint = cv2.resize(canvas, (grass_width, grass_height), interpolation=cv2.INTER_AREA)
    pixels = cv2.findNonZero(paint)
    if pixels is None:
        return
    columns, rows = pixels.reshape(-1, 2).T
    painted = rows, columns
    share = (paint[painted] * (turf.line_opacity / 255)).astype(np.float32)[:, None]
    grass[painted] = (grass[painted] * (1 - share) + _WHITE * share).astype(np.uint8)


def _outlines(camera: Camera, polygons: list[Floats]) -> list[Floats]:
    """Return the outlines of the visible polygons, in pixels."""
    ends = np.cumsum([len(polygon) for polygon in polygons])
    starts = np.r_[0, ends[:-1]]
    local = camera.to_camera(np.concatenate(polygons))
    nearest = np.minimum.reduceat(local[:, 2], starts)
    farthest = np.maximum.reduceat(local[:, 2], starts)
    pixels = local[:, :2] / np.maximum(local[:, 2:], NEAR_M) * camera.focal_px + np.array(camera.principal)
    in_front = nearest >= NEAR_M
    low = np.minimum.reduceat(pixels, starts, axis=0)
    high = np.maximum.reduceat(pixels, starts, axis=0)
    inside = (high > 0).all(axis=1) & (low < camera.size).all(axis=1)
    out = [pixels[starts[i] : ends[i]] for i in np.flatnonzero(in_front & inside)]
    for i in np.flatnonzero(~in_front & (farthest >= NEAR_M)):
        outline = camera.outline(polygons[i])
        if len(outline) and (outline.max(axis=0) > 0).all() and (outline.min(axis=0) < camera.size).all():
            out.append(outline)
    return out
