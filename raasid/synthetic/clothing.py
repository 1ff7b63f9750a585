"""Kits and outfits. Colours are blue, green, red of the cloth in full light, 0-255."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

Colour = tuple[float, float, float]

WHITE: Colour = (228, 232, 232)
BLACK: Colour = (34, 30, 30)
_CLOTH: dict[str, Colour] = {
    "white": WHITE,
    "black": BLACK,
    "red": (38, 34, 196),
    "crimson": (52, 24, 128),
    "yellow": (40, 214, 236),
    "blue": (168, 78, 34),
    "navy": (84, 44, 28),
    "sky": (222, 178, 104),
    "green": (70, 128, 30),
    "lime": (70, 240, 172),
    "orange": (40, 122, 238),
    "pink": (162, 92, 224),
    "grey": (150, 148, 146),
    "purple": (140, 50, 92),
}
_SKIN: list[Colour] = [(150, 178, 222), (128, 160, 208), (96, 128, 182), (66, 92, 142), (44, 60, 98)]
_HAIR: list[Colour] = [(24, 26, 32), (30, 38, 56), (44, 66, 96), (96, 148, 188), (140, 148, 156)]
_BOOTS: list[Colour] = [
    WHITE,
    WHITE,
    WHITE,
    BLACK,
    BLACK,
    (60, 235, 225),
    (60, 90, 245),
    (170, 80, 240),
    (90, 240, 120),
]


@dataclass(frozen=True, slots=True)
class Kit:
    """A team's colours; `sleeves` is the share of players with long sleeves."""

    name: str
    shirt: Colour
    shorts: Colour
    socks: Colour
    trim: Colour
    """Colour of stripes or sleeves; see `pattern`."""
    pattern: str
    sleeves: float


@dataclass(frozen=True, slots=True)
class Outfit:
    """One person's colours by what a body segment shows."""

    shirt: Colour
    shorts: Colour
    socks: Colour
    boots: Colour
    sleeve: Colour
    arm: Colour
    hand: Colour
    knee: Colour
    skin: Colour
    hair: Colour
    stripe: Colour | None


def _colour_distance(a: Colour, b: Colour) -> float:
    return float(np.linalg.norm(np.array(a) - np.array(b)))


def draw_kit(rng: Generator, other: Kit | None = None) -> Kit:
    """Draw a kit that differs from the other team's; white is the most common colour, as in real leagues."""
    names = list(_CLOTH)
    weights = np.array([5.0 if name == "white" else 1.0 for name in names])
    while True:
        name = str(rng.choice(names, p=weights / weights.sum()))
        if other is None or _colour_distance(_CLOTH[name], other.shirt) > 110:
            break
    shirt = _CLOTH[name]
    shorts = (
        shirt if rng.random() < 0.45 else _CLOTH[str(rng.choice(["white", "black", "white", "navy", "red"]))]
    )
    socks = shirt if rng.random() < 0.5 else _CLOTH[str(rng.choice(["white", "white", "black", "red"]))]
    trim = _CLOTH[str(rng.choice(names))]
    pattern = str(rng.choice(["plain", "plain", "stripes", "sleeves"]))
    return Kit(name, shirt, shorts, socks, trim, pattern, float(rng.uniform(0, 0.4)))


def draw_outfit(rng: Generator, kit: Kit, keeper: bool = False) -> Outfit:
    """Draw the outfit of one player."""
    tone = int(rng.integers(len(_SKIN)))
    skin = _SKIN[tone]
    hair = skin if rng.random() < 0.10 else _HAIR[int(rng.integers(2 if tone > 2 else len(_HAIR)))]
    sleeve = kit.trim if kit.pattern == "sleeves" else kit.shirt
    arm = sleeve if keeper or rng.random() < kit.sleeves else skin
    hand = WHITE if keeper and rng.random() < 0.6 else arm if keeper else skin
    boots = _BOOTS[int(rng.integers(len(_BOOTS)))]
    stripe = kit.trim if kit.pattern == "stripes" else None
    return Outfit(kit.shirt, kit.shorts, kit.socks, boots, sleeve, arm, hand, skin, skin, hair, stripe)


def draw_civilian_outfit(rng: Generator, shirt: Colour, trousers: Colour) -> Outfit:
    """Draw the outfit of a coach, steward, photographer or ball-boy: long trousers, long sleeves."""
    skin = _SKIN[int(rng.integers(3))]
    hair = _HAIR[int(rng.integers(len(_HAIR)))]
    shoes = WHITE if rng.random() < 0.3 else BLACK
    return Outfit(shirt, trousers, trousers, shoes, shirt, shirt, skin, trousers, skin, hair, None)


def draw_referee_kit(rng: Generator, teams: tuple[Kit, Kit]) -> Kit:
    """Draw the officials' kit, different from both teams'."""
    choices = [
        n
        for n in ("black", "yellow", "sky", "lime", "red")
        if all(_colour_distance(_CLOTH[n], t.shirt) > 90 for t in teams)
    ]
    shirt = _CLOTH[str(rng.choice(choices or ["black"]))]
    return Kit("referee", shirt, BLACK, BLACK, shirt, "plain", 0.3)
