"""Photometric augmentation: color, sharpness and grain of training images."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.datasets.data_config import AugmentConfig

Image = NDArray[np.uint8]
Balls = NDArray[np.float32]
"""(M, 4): centre x, y, width, height in pixels."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_MID_GREY = 110.0


def vary_colors(image: Image, config: AugmentConfig, rng: np.random.Generator) -> Image:
    """Return a new array with brightness, contrast, color, sharpness and noise varied.

    image: (H, W, 3 * T) RGB; all T frames are varied alike, except that each has its own noise.
    """
    gain = math.exp(rng.uniform(-config.brightness, config.brightness))
    contrast = 1 + rng.uniform(-config.contrast, config.contrast)
    channels = 1 + rng.uniform(-config.color, config.color, 3)
    saturation = 1 + rng.uniform(-3 * config.color, 3 * config.color) if rng.random() < 0.3 else 1.0
    mix = saturation * np.eye(3) + (1 - saturation) * _LUMA[None, :]
    matrix = np.empty((3, 4), np.float32)
    matrix[:, :3] = gain * contrast * channels[:, None] * mix
    matrix[:, 3] = gain * _MID_GREY * (1 - contrast) * channels
    blur = rng.uniform(0.3, 1.0) if rng.random() < config.blur else 0.0
    sigma = rng.uniform(1, config.noise) if config.noise >= 1 and rng.random() < 1 / 3 else 0.0
    out = np.empty_like(image)
    for first in range(0, image.shape[2], 3):
        frame = cv2.transform(np.ascontiguousarray(image[:, :, first : first + 3]), matrix)
        if blur:
            frame = cv2.GaussianBlur(frame, (3, 3), blur)
        if sigma:
            noise = rng.standard_normal(frame.shape, dtype=np.float32)
            frame = np.clip(frame + sigma * noise, 0, 255)
        out[:, :, first : first + 3] = frame
    return out
