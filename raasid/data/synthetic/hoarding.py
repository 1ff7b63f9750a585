"""Advertising boards: coloured panels with lettering that means nothing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from raasid.data.synthetic.arrays import Image

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
    """A row of boards one metre high, (texels_per_m, length_m * texels_per_m, 3)."""
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
        size, thick = height / 34.0, max(1, height // 14)
        cv2.putText(
            image, _word(rng), (x + panel // 8, int(height * 0.74)), font, size, ink, thick, cv2.LINE_AA
        )
        if rng.random() < 0.3:
            cv2.circle(image, (x + panel - height, height // 2), int(height * 0.3), ink, -1, cv2.LINE_AA)
        x += panel
    small = cv2.resize(image, (width // scale, height // scale), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small * level, 0, 255).astype(np.uint8))
