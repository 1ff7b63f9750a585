"""How training pictures are varied: in colour, sharpness, grain, scale, side and what lies on the grass."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Balls = NDArray[np.float32]
"""(M, 4): centre x, y, width, height in pixels."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_GREY = 110.0


@dataclass(frozen=True, slots=True)
class Augment:
    """Strength of each variation; 0 turns one off."""

    flip: float = 0.5
    """Probability of mirroring left and right."""
    zoom: float = 0.4
    """Crops are scaled by exp(u), u uniform in ± this."""
    brightness: float = 0.4
    """Gain is exp(u), u uniform in ± this."""
    contrast: float = 0.3
    """Contrast about mid-grey is scaled by 1 ± this."""
    color: float = 0.15
    """Each channel is scaled by 1 ± this; saturation by 1 ± 3 times this."""
    blur: float = 0.2
    """Probability of a slight Gaussian blur."""
    noise: float = 8.0
    """Largest standard deviation of sensor noise, in grey levels; a third of the crops get some."""
    spots: float = 0.0
    """Probability that flat white dots are painted on the grass, as penalty spots look."""
    mosaic: float = 0.0
    """Probability that four samples are joined into one (Bochkovskiy et al. 2020)."""

    def photometric(self, image: Image, rng: np.random.Generator) -> Image:
        """Vary the look of (H, W, 3 * T) pictures alike in all T; returns a new array."""
        gain = math.exp(rng.uniform(-self.brightness, self.brightness))
        contrast = 1 + rng.uniform(-self.contrast, self.contrast)
        channels = 1 + rng.uniform(-self.color, self.color, 3)
        saturation = 1 + rng.uniform(-3 * self.color, 3 * self.color) if rng.random() < 0.3 else 1.0
        mix = saturation * np.eye(3) + (1 - saturation) * _LUMA[None, :]
        matrix = np.empty((3, 4), np.float32)
        matrix[:, :3] = gain * contrast * channels[:, None] * mix
        matrix[:, 3] = gain * _GREY * (1 - contrast) * channels
        blur = rng.uniform(0.3, 1.0) if rng.random() < self.blur else 0.0
        sigma = rng.uniform(1, self.noise) if self.noise >= 1 and rng.random() < 1 / 3 else 0.0
        out = np.empty_like(image)
        for first in range(0, image.shape[2], 3):
            part = cv2.transform(np.ascontiguousarray(image[:, :, first : first + 3]), matrix)
            if blur:
                part = cv2.GaussianBlur(part, (3, 3), blur)
            if sigma:
                noise = rng.standard_normal(part.shape, dtype=np.float32)
                part = np.clip(part + sigma * noise, 0, 255)
            out[:, :, first : first + 3] = part
        return out
