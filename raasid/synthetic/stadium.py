"""The stadium: stands with their crowd, advertising boards with meaningless words, dug-outs, goals."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from raasid.synthetic.arrays import Floats, Image
from raasid.synthetic.camera_operator import CameraMount
from raasid.synthetic.clothing import Colour
from raasid.synthetic.lighting import Light
from raasid.synthetic.pitch import CROSSBAR_M, GOAL_M, LENGTH_M
from raasid.synthetic.textured_quad import TexturedQuad

FAR_Y_M, NEAR_Y_M, END_X_M = 39.5, -38.5, 58.0
"""Positions of the boards."""
_BOARD_TEXELS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Stadium:
    """Everything static except the grass."""

    stands: list[TexturedQuad]
    """Stands beyond the lawn, the farthest first."""
    boards: list[TexturedQuad]
    """Advertising boards on the lawn's far edges; people and ball are in front of them."""
    occluders: list[TexturedQuad]
    """On the near side; they occlude people and ball."""
    gap: Colour
    """Colour where there is no stand: sky or a dark roof."""
    net_opacity: float
    """Of the goal nets, 0 to 1."""


def _quad(
    origin: tuple[float, ...],
    u: tuple[float, ...],
    v: tuple[float, ...],
    texture: Image,
    repeats: float = 1.0,
) -> TexturedQuad:
    return TexturedQuad(
        np.array(origin, dtype=float), np.array(u, dtype=float), np.array(v, dtype=float), texture, repeats
    )


def _flat(colour: Floats | Colour) -> Image:
    """Return a texture of one colour with a slight gradient."""
    ramp = np.linspace(0.92, 1.06, 8)[:, None, None]
    plain = ramp * np.broadcast_to(np.asarray(colour, dtype=float), (8, 16, 3))
    return np.asarray(np.clip(plain, 0, 255).astype(np.uint8))


def _stands(rng: Generator, colours: list[Colour], level: float) -> list[TexturedQuad]:
    """Draw the far stand in two tiers and the stands behind the goals; seats rise away from the pitch."""
    tile = crowd_texture(rng, 40, 120, colours, level)
    upper = crowd_texture(rng, 40, 120, colours, level * rng.uniform(0.6, 0.95))
    long, tile_m = 180.0, 60.0
    first, rise = rng.uniform(1.0, 2.5), rng.uniform(0.45, 0.65)
    tier = rng.uniform(10, 18)
    back = FAR_Y_M + 3
    wall = _flat(np.array([70, 68, 66]) * rng.uniform(0.4, 1.8) * level)
    top = first + tier * rise
    fascia = board_texture(rng, 60.0, 12, level)
    out = [
        _quad(
            (-90, back + tier + 22, top + 3 + 22 * 0.7),
            (long, 0, 0),
            (0, -20, -20 * 0.7),
            upper,
            long / tile_m,
        ),
        _quad((-90, back + tier + 2, top + 3.0), (long, 0, 0), (0, 0, -3.0), wall),
        _quad((-90, back + tier + 1.8, top + 3.0), (long, 0, 0), (0, 0, -1.2), fascia, 3.0),
        _quad((-90, back + tier, top), (long, 0, 0), (0, -tier, -tier * rise), tile, long / tile_m),
        _quad((-90, back, first), (long, 0, 0), (0, 0, -first), wall),
    ]
    for side in (-1, 1):
        x = side * (END_X_M + 3)
        deep = 26.0
        out.append(
            _quad(
                (x + side * deep, 70 * side, first + deep * rise),
                (0, -140 * side, 0),
                (-side * deep, 0, -deep * rise),
                tile,
                140 / tile_m,
            )
        )
        out.append(_quad((x, 70 * side, first), (0, -140 * side, 0), (0, 0, -first), wall))
    return out


def _boards(rng: Generator, level: float) -> list[TexturedQuad]:
    """Draw the boards behind the far touchline and behind both goals."""
    height = rng.uniform(0.9, 1.2)
    boards = board_texture(rng, 60.0, _BOARD_TEXELS, level)
    out = [_quad((-60, FAR_Y_M, height), (120, 0, 0), (0, 0, -height), boards, 2.0)]
    if rng.random() < 0.35:
        second = board_texture(rng, 60.0, _BOARD_TEXELS, level)
        out.insert(0, _quad((-60, FAR_Y_M + 1.8, height + 1.3), (120, 0, 0), (0, 0, -1.3), second, 2.0))
    ends = [((side * END_X_M, 39.0 * side, height), (0, -78 * side, 0)) for side in (-1, 1)]
    return out + [_quad(origin, u, (0, 0, -height), boards, 1.3) for origin, u in ends]


def _near_side(rng: Generator, mount: CameraMount, colours: list[Colour], level: float) -> list[TexturedQuad]:
    """Draw dug-outs, the backs of the boards and the stand below the camera."""
    out: list[TexturedQuad] = []
    dark = _flat(np.array([48, 46, 45]) * rng.uniform(0.6, 2.2) * level)
    lean = board_texture(rng, 40.0, 14, level)
    if rng.random() < 0.7:
        out.append(_quad((-60, NEAR_Y_M, 1.0), (120, 0, 0), (0, 0, -1.0), dark))
    if rng.random() < 0.6:
        # a slanting wall towards the pitch, in one sponsor's colours
        out.append(_quad((-60, NEAR_Y_M - 1.5, 0.1), (120, 0, 0), (0, -2.2, 1.6), lean[::-1].copy(), 3.0))
    roof = _flat(
        np.array([(215, 220, 222), (60, 58, 150), (120, 118, 116), (50, 48, 48)][int(rng.integers(4))])
        * level
    )
    start, wide = rng.uniform(6, 12), rng.uniform(8, 14)
    for side in (-1, 1):
        left = side * start - (wide if side < 0 else 0)
        out.append(_quad((left, NEAR_Y_M - 1.0, 2.2), (wide, 0, 0), (0, -1.6, 0.2), roof))
        out.append(_quad((left, NEAR_Y_M - 2.6, 2.4), (wide, 0, 0), (0, -0.1, -2.4), dark))
    first = NEAR_Y_M - rng.uniform(4.5, 7)
    reach = first - mount.centre[1]
    crowd = crowd_texture(rng, int(reach / SEAT_M[1]), 120, colours, level * rng.uniform(0.5, 0.9))
    climb = max(mount.centre[2] - rng.uniform(4.0, 7.0), 2.0)
    out.append(_quad((-90, first, 0.8), (180, 0, 0), (0, -reach, climb), crowd[::-1].copy(), 3.0))
    return out


def draw_stadium(rng: Generator, mount: CameraMount, colours: list[Colour], light: Light) -> Stadium:
    """Draw the stadium of a match; colours are those of the home team."""
    level = {
        "sun": rng.uniform(0.5, 1.1),
        "overcast": rng.uniform(0.6, 0.9),
        "night": rng.uniform(0.18, 0.6),
    }[light.sky]
    glow = rng.uniform(0.8, 1.1)
    gap = {"sun": (226, 214, 200), "overcast": (206, 204, 202), "night": (26, 22, 20)}[light.sky]
    return Stadium(
        stands=_stands(rng, colours, level),
        boards=_boards(rng, glow),
        occluders=_near_side(rng, mount, colours, level),
        gap=gap,
        net_opacity=float(rng.uniform(0.2, 0.6)),
    )


def goal_lines(side: int) -> tuple[Floats, Floats]:
    """Return frame (3, 2, 3) and net (N, 2, 3) of a goal as line segments, metres; side is -1 or 1."""
    x, half, deep = side * LENGTH_M / 2, GOAL_M / 2, side * 2.0
    a, b = (x, -half, 0.0), (x, half, 0.0)
    c, d = (x, -half, CROSSBAR_M), (x, half, CROSSBAR_M)
    frame = np.array([[a, c], [b, d], [c, d]])
    net: list[tuple[tuple[float, ...], tuple[float, ...]]] = []
    for y in np.linspace(-half, half, 25):
        net.append(((x, y, CROSSBAR_M), (x + deep * 0.5, y, CROSSBAR_M)))
        net.append(((x + deep * 0.5, y, CROSSBAR_M), (x + deep, y, 0.0)))
    for k in np.linspace(0, 1, 9):
        at = (x + deep * (1 - 0.5 * k), CROSSBAR_M * k)
        net.append(((at[0], -half, at[1]), (at[0], half, at[1])))
        net += [((x, y, CROSSBAR_M * k), (at[0], y, at[1])) for y in (-half, half)]
    return frame, np.array(net)


SEAT_TEXELS = (5, 8)
"""Width and depth of a seat in texels, 10 to the metre."""

SEAT_M = (0.5, 0.8)

_SKIN = np.array([[150, 178, 222], [120, 150, 200], [70, 95, 145]], dtype=np.float64)


def crowd_texture(rng: Generator, rows: int, columns: int, colours: list[Colour], level: float) -> Image:
    """Draw a block of seats seen from the pitch, (rows * 8, columns * 5, 3); level: brightness."""
    seats = np.array(colours[int(rng.integers(len(colours)))]) * rng.uniform(0.5, 1.0)
    if rng.random() < 0.4:
        seats = np.array([110, 104, 100]) * rng.uniform(0.5, 1.4)
    filled = rng.random((rows, columns)) < rng.choice([0.05, 0.6, 0.9, 0.96])
    fans = np.array([*colours, (40, 38, 38), (60, 56, 54), (210, 212, 214), (120, 90, 70)], dtype=np.float64)
    weight = np.array([3.0] * len(colours) + [3.0, 2.0, 2.0, 1.0])
    body = fans[rng.choice(len(fans), size=(rows, columns), p=weight / weight.sum())]
    body = body * rng.uniform(0.55, 1.1, (rows, columns, 1))
    head = _SKIN[rng.choice(3, size=(rows, columns), p=[0.6, 0.25, 0.15])] * rng.uniform(
        0.6, 1.05, (rows, columns, 1)
    )
    empty = seats * rng.uniform(0.9, 1.1, (rows, columns, 1))
    body = np.where(filled[..., None], body, empty)
    head = np.where(filled[..., None], head, empty * 0.8)
    width, depth = SEAT_TEXELS
    aisle = np.repeat(np.arange(columns) % int(rng.integers(22, 40)) == 0, width)
    concrete = np.array([120, 122, 124]) * rng.uniform(0.5, 1.2)
    # a row of seats has three kinds of lines: heads, bodies, and the dark gap to the next row
    lower, upper = (np.repeat(part, width, axis=1) for part in (body, head))
    upper = np.where((np.arange(columns * width) % width % (width - 1) > 0)[:, None], upper, lower)
    lines = np.stack([upper] * 3 + [lower] * (depth - 4) + [lower * 0.55], axis=1)
    lines[:, :, aisle] = concrete
    image = np.empty((rows, depth, columns * width, 3), np.uint8)
    for row in range(rows):
        uneven = rng.uniform(0.7, 1.15, (depth, columns * width))
        for channel in range(3):
            lit = lines[row, :, :, channel] * uneven
            lit *= level
            image[row, :, :, channel] = np.minimum(lit, 255, out=lit)
    return np.asarray(cv2.GaussianBlur(image.reshape(rows * depth, -1, 3), (3, 3), 0.7))


_SYLLABLES = (
    "ba",
    "ko",
    "ri",
    "ven",
    "ta",
    "lu",
    "mar",
    "dex",
    "on",
    "sol",
    "ika",
    "fi",
    "zen",
    "tor",
    "nex",
    "gra",
)

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
)

_PANELS = [
    (235, 238, 238),
    (30, 28, 28),
    (40, 36, 190),
    (190, 90, 30),
    (60, 210, 240),
    (60, 130, 40),
    (150, 60, 200),
    (90, 40, 20),
]


def _word(rng: Generator) -> str:
    word = "".join(rng.choice(_SYLLABLES, size=int(rng.integers(2, 4))))
    return word.upper() if rng.random() < 0.6 else word.capitalize()


def board_texture(rng: Generator, length_m: float, texels_per_m: int, level: float) -> Image:
    """Draw a row of boards one metre high, (texels_per_m, length_m * texels_per_m, 3)."""
    scale = 2
    height, width = texels_per_m * scale, int(length_m * texels_per_m) * scale
    image = np.zeros((height, width, 3), np.uint8)
    scheme = [_PANELS[i] for i in rng.choice(len(_PANELS), size=int(rng.integers(1, 4)), replace=False)]
    x = 0
    while x < width:
        panel = int(rng.uniform(4, 9) * texels_per_m * scale)
        ground = scheme[int(rng.integers(len(scheme)))]
        ink = (
            (240, 240, 240) if sum(ground) < 380 else ((25, 25, 25) if rng.random() < 0.6 else (150, 40, 30))
        )
        cv2.rectangle(image, (x, 0), (x + panel, height), ground, -1)
        font = _FONTS[int(rng.integers(len(_FONTS)))]
        size, thickness = height / 34.0, max(1, height // 14)
        cv2.putText(
            image, _word(rng), (x + panel // 8, int(height * 0.74)), font, size, ink, thickness, cv2.LINE_AA
        )
        if rng.random() < 0.3:
            cv2.circle(image, (x + panel - height, height // 2), int(height * 0.3), ink, -1, cv2.LINE_AA)
        x += panel
    small = cv2.resize(image, (width // scale, height // scale), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small * level, 0, 255).astype(np.uint8))
