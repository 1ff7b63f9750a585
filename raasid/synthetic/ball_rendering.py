"""Rendering of the ball: a shaded, patterned sphere with motion blur."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from raasid.synthetic.arrays import Floats
from raasid.synthetic.clothing import Colour
from raasid.synthetic.sprites import Mask, Sprite

_GOLDEN = (1 + 5**0.5) / 2
_PENTAGONS = np.array(
    [[0, s, t * _GOLDEN] for s in (-1, 1) for t in (-1, 1)]
    + [[s, t * _GOLDEN, 0] for s in (-1, 1) for t in (-1, 1)]
    + [[t * _GOLDEN, 0, s] for s in (-1, 1) for t in (-1, 1)]
) / np.hypot(1, _GOLDEN)
"""Corners of the icosahedron: centres of the dark patches of the classic ball."""
_PATCHES: list[Colour] = [(84, 80, 80), (150, 146, 146), (120, 110, 215), (190, 140, 110), (175, 160, 235)]


@dataclass(frozen=True, slots=True, eq=False)
class BallAppearance:
    """Colours of one match's ball, in full light."""

    ground: Colour
    patch: Colour
    patch_size: float
    """Angular radius of the patches, radians; 0 for a plain ball."""


def draw_ball_appearance(rng: Generator) -> BallAppearance:
    """Draw a ball: white nine times of ten, else yellow or orange; patches black, grey or coloured."""
    ground: Colour = (250, 253, 253)
    if rng.random() < 0.08:
        ground = [(60, 225, 240), (40, 140, 250)][int(rng.integers(2))]
    patch = _PATCHES[int(rng.integers(len(_PATCHES)))]
    return BallAppearance(ground, patch, float(rng.choice([0.0, 0.18, 0.24, 0.30])))


def render_ball(
    appearance: BallAppearance,
    centres: Floats,
    radius_px: float,
    *,
    rotation: Floats,
    light: float,
    side: float,
    bounce: Colour,
) -> Sprite:
    """Render the ball, averaged over the exposure.

    centres: (n, 2) pixels, evenly spaced in time. rotation: (3, 3) of the pattern. light, side: as for
    people. bounce: colour of the grass, which is reflected by the lower half.
    """
    factor = _supersampling(radius_px)
    sprite = _sphere(appearance, radius_px * factor, rotation=rotation, light=light, side=side, bounce=bounce)
    left, top, small = _average_along(sprite, centres, radius_px, factor)
    return Sprite(left, top, np.clip(small[..., 3], 0, 1), small[..., :3])


def ball_mask(centres: Floats, radius_px: float) -> Mask:
    """Return the alpha of `render_ball`."""
    factor = _supersampling(radius_px)
    alpha = _disc(radius_px * factor)[1].astype(np.float32)
    left, top, small = _average_along(alpha, centres, radius_px, factor)
    return Mask(left, top, np.clip(small, 0, 1))


def _supersampling(radius_px: float) -> int:
    return 6 if radius_px < 4 else 4 if radius_px < 8 else 2


def _average_along(sprite: Floats, centres: Floats, radius_px: float, factor: int) -> tuple[int, int, Floats]:
    """Return left, top and the average of the sprite along its path, with as many channels as the sprite."""
    low = np.floor(centres.min(axis=0) - radius_px - 1.5).astype(int)
    high = np.ceil(centres.max(axis=0) + radius_px + 1.5).astype(int)
    width, height = (high - low).tolist()
    half = sprite.shape[0] / 2
    canvas = np.zeros((height * factor, width * factor, *sprite.shape[2:]), np.float32)
    steps = max(1, min(24, int(np.linalg.norm(centres[-1] - centres[0]) / max(0.35 * radius_px, 0.35)) + 1))
    positions = np.linspace(0, len(centres) - 1, steps) if steps > 1 else np.array([(len(centres) - 1) / 2])
    for position in positions:
        x, y = (np.interp(position, np.arange(len(centres)), centres[:, k]) for k in (0, 1))
        move = np.array([[1.0, 0.0, (x - low[0]) * factor - half], [0.0, 1.0, (y - low[1]) * factor - half]])
        canvas += cv2.warpAffine(sprite, move, (width * factor, height * factor), flags=cv2.INTER_LINEAR)
    small = cv2.resize(canvas / steps, (width, height), interpolation=cv2.INTER_AREA)
    return int(low[0]), int(low[1]), small


def _disc(radius: float) -> tuple[tuple[Floats, Floats, Floats], Floats]:
    """Return x, y, squared distance in radii, and alpha of (2n, 2n) pixels, n a little over the radius."""
    n = int(np.ceil(radius)) + 1
    grid = (np.arange(2 * n) + 0.5 - n) / radius
    x, y = np.meshgrid(grid, grid)
    square = x * x + y * y
    return (x, y, square), np.clip((1 - np.sqrt(square)) * radius + 0.5, 0, 1)


def _sphere(
    appearance: BallAppearance, radius: float, *, rotation: Floats, light: float, side: float, bounce: Colour
) -> Floats:
    """Return the lit sphere (2n, 2n, 4), premultiplied blue, green, red, alpha; n as in `_disc`."""
    (x, y, square), alpha = _disc(radius)
    normal = np.stack([x, y, -np.sqrt(np.maximum(0, 1 - square))])
    towards = np.array([side * 0.55, -0.8, -0.45])
    towards /= np.linalg.norm(towards)
    brightness = (0.66 + 0.46 * np.maximum(0, np.tensordot(towards, normal, 1))) * light
    dark = np.zeros_like(x)
    if appearance.patch_size > 0:
        near = np.tensordot((rotation @ _PENTAGONS.T).T, normal, 1).max(axis=0)
        dark = np.clip((near - np.cos(appearance.patch_size)) * 18 + 0.5, 0, 1)
    from_grass = 0.45 * np.clip(y, 0, 1)
    out = np.empty((*x.shape, 4), np.float32)
    for channel, (ground, patch, green) in enumerate(
        zip(appearance.ground, appearance.patch, bounce, strict=True)
    ):
        colour = ground * (1 - dark) + patch * dark
        out[..., channel] = np.minimum(colour * brightness + green * from_grass, 255) * alpha
    out[..., 3] = alpha
    return out
