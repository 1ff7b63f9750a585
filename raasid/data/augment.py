"""How training pictures are varied: in colour, sharpness, grain, scale and side."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Cropper:
    """Cuts square training crops of `size` pixels, most of them round a ball; None keeps whole frames.

    at_ball: share of crops that contain the ball of a frame that has one; the others lie anywhere.
    """

    size: int | None
    augment: Augment = field(default_factory=Augment)
    at_ball: float = 0.5

    def __call__(
        self,
        frame: Image,
        balls: Balls,
        rng: np.random.Generator,
        centre: tuple[float, float] | None = None,
    ) -> tuple[Image, Balls]:
        """(H, W, 3 * T) and its balls -> (size, size, 3 * T) and the balls whose centres lie inside.

        centre: a place that the crop must contain, in pixels of the frame.
        """
        if self.size is None:
            return self._varied(frame, balls.copy(), rng)
        height, width = frame.shape[:2]
        side = min(round(self.size * math.exp(rng.uniform(-self.augment.zoom, self.augment.zoom))), width)
        u, v = rng.uniform(-0.45, 0.45, 2)
        if centre is not None:
            x, y = centre[0] + u * side, centre[1] + v * side
        elif len(balls) and rng.random() < self.at_ball:
            x, y = balls[0, 0] + u * side, balls[0, 1] + v * side
        else:
            x, y = rng.uniform(0, width), rng.uniform(0, height)
        left = int(np.clip(x - side / 2, 0, width - side))
        top = int(np.clip(y - side / 2, 0, max(0, height - side)))
        crop = frame[top : top + side, left : left + side]
        if crop.shape[0] < side:
            crop = np.pad(crop, ((0, side - crop.shape[0]), (0, 0), (0, 0)))
        scale = self.size / side
        shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        crop = np.ascontiguousarray(cv2.resize(crop, (self.size, self.size), interpolation=shrink))
        moved = (balls - np.array([left, top, 0, 0], np.float32)) * np.float32(scale)
        inside = ((moved[:, :2] >= 0) & (moved[:, :2] < self.size)).all(1)
        return self._varied(crop, moved[inside], rng)

    def _varied(self, image: Image, balls: Balls, rng: np.random.Generator) -> tuple[Image, Balls]:
        if rng.random() < self.augment.flip:
            image = np.ascontiguousarray(image[:, ::-1])
            balls[:, 0] = image.shape[1] - balls[:, 0]
        return self.augment.photometric(image, rng), balls
