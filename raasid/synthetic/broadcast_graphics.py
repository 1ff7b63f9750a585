"""Graphics on the image, as broadcasters and scouting feeds have them: watermark and score bar."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator

from raasid.synthetic.arrays import Floats, Image, Ints

_WATERMARKS = ("MATCHFEED", "TACTICAL CAM", "LEAGUE VIEW", "ANALYSIS", "PITCHSIDE TV", "LIVE")


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """A layer (h, w, 3) with alpha (h, w), 0 to 1, of the frame's size."""

    colour: Image
    alpha: Floats
    _strips: list[tuple[tuple[slice, slice], Floats, Floats]] = field(default_factory=list, init=False)
    """Non-empty regions: window, share of the image that is kept, colour that is added."""

    def __post_init__(self) -> None:
        for top, stop in _runs(np.flatnonzero(self.alpha.any(axis=1))):
            columns = np.flatnonzero(self.alpha[top:stop].any(axis=0))
            window = (slice(top, stop), slice(int(columns[0]), int(columns[-1]) + 1))
            alpha = np.repeat(self.alpha[window][..., None], 3, axis=2)
            self._strips.append((window, 1 - alpha, self.colour[window] * alpha))

    def composite(self, image: Image) -> None:
        """Draw the graphics on `image`."""
        for window, keep, add in self._strips:
            mixed = image[window] * keep
            mixed += add
            mixed += 0.5
            image[window] = mixed.astype(np.uint8)


def _runs(rows: Ints) -> list[tuple[int, int]]:
    """Return runs of consecutive rows as half-open ranges."""
    if len(rows) == 0:
        return []
    cuts = np.flatnonzero(np.diff(rows) > 1)
    starts, stops = np.r_[rows[0], rows[cuts + 1]], np.r_[rows[cuts] + 1, rows[-1] + 1]
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]


def draw_overlay(rng: Generator, size: tuple[int, int]) -> Overlay:
    """Draw a watermark, and a bar that hides or shows the score; either may be missing."""
    width, height = size
    colour = np.full((height, width, 3), 235, np.uint8)
    alpha = np.zeros((height, width), np.uint8)
    unit = height / 360
    if rng.random() < 0.7:
        watermark = _WATERMARKS[int(rng.integers(len(_WATERMARKS)))]
        scale, thickness = 0.5 * unit * rng.uniform(0.8, 1.2), max(1, round(1.6 * unit))
        (text_width, _), _ = cv2.getTextSize(watermark, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
        x = int(width * 0.96) - text_width if rng.random() < 0.8 else int(width * 0.04)
        y = int(height * (0.94 if rng.random() < 0.8 else 0.07))
        cv2.putText(
            alpha,
            watermark,
            (x, y),
            cv2.FONT_HERSHEY_SIMPLEX,
            scale,
            255 * rng.uniform(0.4, 0.75),
            thickness,
            cv2.LINE_AA,
        )
    style = rng.random()
    if style < 0.5:
        left = rng.uniform(0.55, 0.66) if rng.random() < 0.8 else 0.04
        a, b = (int(width * left), int(height * 0.065)), (int(width * (left + 0.33)), int(height * 0.135))
        cv2.rectangle(colour, a, b, (4, 4, 4), -1)
        cv2.rectangle(alpha, a, b, 255, -1)
    elif style < 0.75:
        a, b = (int(width * 0.05), int(height * 0.06)), (int(width * 0.30), int(height * 0.12))
        cv2.rectangle(colour, a, b, tuple(int(c) for c in rng.integers(10, 90, 3)), -1)
        cv2.rectangle(alpha, a, b, 240, -1)
        score = f"HOM {rng.integers(4)}-{rng.integers(4)} AWY  {rng.integers(1, 90)}:{rng.integers(10, 60)}"
        cv2.putText(
            colour,
            score,
            (a[0] + 4, b[1] - 5),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.38 * unit,
            (240, 240, 240),
            1,
            cv2.LINE_AA,
        )
    return Overlay(colour, alpha.astype(np.float32) / 255)
