"""How a person's box becomes a crop: the same in training and at work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CropShape:
    """Crops of `width` x `height` pixels; a box, made `margin` times as large, just fits."""

    width: int = 96
    height: int = 128
    margin: float = 1.25

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in pixels."""
        return self.width, self.height

    def scale(self, boxes: Array) -> Array:
        """Crop pixels per pixel of the frame for (K, 4) corners; (K,)."""
        edges = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0) * self.margin
        return np.asarray(np.minimum(self.width / edges[:, 0], self.height / edges[:, 1]), np.float32)

    def matrices(self, boxes: Array) -> Array:
        """(K, 4) corners in a frame -> (K, 2, 3) from the frame's pixels to the crop's."""
        scale = self.scale(boxes)
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        matrices = np.zeros((len(boxes), 2, 3), np.float32)
        matrices[:, 0, 0] = matrices[:, 1, 1] = scale
        matrices[:, :, 2] = np.array(self.size, np.float32) / 2 - centre * scale[:, None]
        return matrices
