"""Masks and sprites: small images of a person or a ball with their position in the frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from raasid.synthetic.arrays import Floats, Image


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """An alpha channel (h, w), 0 to 1, whose top left pixel is at (left, top) of the frame."""

    left: int
    top: int
    alpha: Floats

    def occlude(self, other: Mask, visible: Floats) -> None:
        """Multiply `visible`, the visible share of the pixels of `other`, by what this mask lets through."""
        if not self.overlaps(other):
            return
        h, w = other.alpha.shape
        shifted = Mask(self.left - other.left, self.top - other.top, self.alpha)
        clipped = shifted._clip(w, h)
        if clipped is not None:
            (y0, y1, x0, x1), window = clipped
            visible[y0:y1, x0:x1] *= 1 - self.alpha[window]

    def crop(self, frame: Floats, outside: float = 0.0) -> Floats:
        """Return the part of a frame-sized array (h, w) under the mask, in the shape of its alpha."""
        out = np.full_like(self.alpha, outside)
        clipped = self._clip(frame.shape[1], frame.shape[0])
        if clipped is not None:
            (y0, y1, x0, x1), window = clipped
            out[window] = frame[y0:y1, x0:x1]
        return out

    def overlaps(self, other: Mask) -> bool:
        """Whether the rectangles of two masks overlap."""
        (h, w), (other_h, other_w) = self.alpha.shape, other.alpha.shape
        apart = self.left + w <= other.left or other.left + other_w <= self.left
        return not apart and self.top + h > other.top and other.top + other_h > self.top

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return the alpha at pixels (N,); 0 outside the mask."""
        column, row = np.floor(x).astype(int) - self.left, np.floor(y).astype(int) - self.top
        height, width = self.alpha.shape
        inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
        out = np.zeros(len(x))
        out[inside] = self.alpha[row[inside], column[inside]]
        return out

    def _clip(self, width: int, height: int) -> tuple[tuple[int, int, int, int], tuple[slice, slice]] | None:
        """Return the rows and columns of a frame under the mask, and the same part of the mask."""
        h, w = self.alpha.shape
        x0, y0, x1, y1 = (
            max(self.left, 0),
            max(self.top, 0),
            min(self.left + w, width),
            min(self.top + h, height),
        )
        if x0 >= x1 or y0 >= y1:
            return None
        window = (slice(y0 - self.top, y1 - self.top), slice(x0 - self.left, x1 - self.left))
        return (y0, y1, x0, x1), window


@dataclass(frozen=True, slots=True, eq=False)
class Sprite(Mask):
    """A mask with colours."""

    colour: Floats
    """Colour times alpha (h, w, 3), 0-255."""

    def composite(self, image: Image) -> None:
        """Draw the sprite on `image`; what lies outside is cut off."""
        clipped = self._clip(image.shape[1], image.shape[0])
        if clipped is None:
            return
        (y0, y1, x0, x1), window = clipped
        region = image[y0:y1, x0:x1]
        # three equal planes, because numpy broadcasts one value over three channels slowly
        mixed = region * cv2.cvtColor(1 - self.alpha[window], cv2.COLOR_GRAY2BGR)
        mixed += self.colour[window]
        mixed += 0.5
        region[:] = np.minimum(mixed, 255, out=mixed).astype(np.uint8)
