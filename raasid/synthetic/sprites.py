"""The outline of a person or a ball in the image, and a small image with that outline."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from raasid.synthetic.arrays import Floats, Image


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Alpha (h, w), 0-1, whose top left pixel is at (left, top)."""

    left: int
    top: int
    alpha: Floats

    def cover(self, other: Mask, left_over: Floats) -> None:
        """Multiply what can be seen of `other`, (h, w) as its alpha, by what this mask lets through."""
        if not self.touches(other):
            return
        h, w = other.alpha.shape
        shifted = Mask(self.left - other.left, self.top - other.top, self.alpha)
        inside = shifted._inside(w, h)
        if inside is not None:
            (y0, y1, x0, x1), part = inside
            left_over[y0:y1, x0:x1] *= 1 - self.alpha[part]

    def within(self, frame: Floats, outside: float = 0.0) -> Floats:
        """The part of a frame-sized array (h, w) under the mask, in the shape of its alpha."""
        out = np.full_like(self.alpha, outside)
        inside = self._inside(frame.shape[1], frame.shape[0])
        if inside is not None:
            (y0, y1, x0, x1), part = inside
            out[part] = frame[y0:y1, x0:x1]
        return out

    def touches(self, other: Mask) -> bool:
        """Whether the two rectangles overlap."""
        (h, w), (other_h, other_w) = self.alpha.shape, other.alpha.shape
        beside = self.left + w <= other.left or other.left + other_w <= self.left
        return not beside and self.top + h > other.top and other.top + other_h > self.top

    def at(self, x: Floats, y: Floats) -> Floats:
        """Alpha at pixels; 0 outside."""
        column, row = np.floor(x).astype(int) - self.left, np.floor(y).astype(int) - self.top
        height, width = self.alpha.shape
        there = (column >= 0) & (row >= 0) & (column < width) & (row < height)
        out = np.zeros(len(x))
        out[there] = self.alpha[row[there], column[there]]
        return out

    def _inside(
        self, width: int, height: int
    ) -> tuple[tuple[int, int, int, int], tuple[slice, slice]] | None:
        h, w = self.alpha.shape
        x0, y0, x1, y1 = (
            max(self.left, 0),
            max(self.top, 0),
            min(self.left + w, width),
            min(self.top + h, height),
        )
        if x0 >= x1 or y0 >= y1:
            return None
        part = (slice(y0 - self.top, y1 - self.top), slice(x0 - self.left, x1 - self.left))
        return (y0, y1, x0, x1), part


@dataclass(frozen=True, slots=True, eq=False)
class Sprite(Mask):
    """A mask with what is in it."""

    colour: Floats
    """Colour times alpha (h, w, 3), 0-255."""

    def composite(self, image: Image) -> None:
        """Draw over `image`; what lies outside is cut off."""
        inside = self._inside(image.shape[1], image.shape[0])
        if inside is None:
            return
        (y0, y1, x0, x1), part = inside
        region = image[y0:y1, x0:x1]
        # three equal planes: numpy is slow at spreading one value over three channels
        mixed = region * cv2.cvtColor(1 - self.alpha[part], cv2.COLOR_GRAY2BGR)
        mixed += self.colour[part]
        mixed += 0.5
        region[:] = np.minimum(mixed, 255, out=mixed).astype(np.uint8)
