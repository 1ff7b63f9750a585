"""The camera chain: lens, exposure, noise, sharpening and the broadcaster's compression."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from raasid.synthetic.arrays import Floats, Image
from raasid.synthetic.lighting import Light

_NOISE_MARGIN_PX = 199
"""The noise tile is this much larger than the image: each frame uses a different part of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Sensor:
    """The camera chain of one match."""

    shutter_s: float
    blur_px: float
    """Standard deviation of the lens and of resampling, pixels."""
    sharpen: float
    tone_curve: Image
    """(1, 256, 3) lookup table: exposure, white balance and contrast."""
    noise: float
    """Standard deviation, grey levels."""
    chroma_subsampling: int
    """Colour is kept at 1/chroma_subsampling of the resolution."""
    quality: int
    """JPEG quality of the feed before it is stored; 0 for none."""
    vignette: float
    haze: float

    def expose(self, image: Image, rng: Generator) -> Image:
        """Return the image as the camera sends it, before graphics and compression."""
        if self.haze > 0:
            fog = np.linspace(self.haze, 0.25 * self.haze, image.shape[0], dtype=np.float32)[:, None, None]
            image = (image * (1 - fog) + 190 * fog).astype(np.uint8)
        soft = cv2.GaussianBlur(image, (0, 0), self.blur_px)
        if self.sharpen > 0:
            wide = cv2.GaussianBlur(soft, (0, 0), 1.2)
            soft = cv2.addWeighted(soft, 1 + self.sharpen, wide, -self.sharpen, 0)
        if self.vignette > 0:
            soft = cv2.multiply(soft, _vignette(soft.shape[1], soft.shape[0], self.vignette), scale=1 / 255)
        # one lookup per channel is faster than one for all three
        planes = zip(cv2.split(soft), cv2.split(self.tone_curve), strict=True)
        soft = cv2.merge([cv2.LUT(plane, curve) for plane, curve in planes])
        soft = self._subsample_chroma(soft)
        return self._add_noise(soft, rng)

    def compress(self, image: Image) -> Image:
        """Return the image after the feed's compression."""
        if self.quality == 0:
            return image
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))

    def _subsample_chroma(self, image: Image) -> Image:
        if self.chroma_subsampling < 2:
            return image
        height, width = image.shape[:2]
        luma, *chroma = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb))
        small = cv2.merge(chroma)
        small = cv2.resize(
            small,
            (width // self.chroma_subsampling, height // self.chroma_subsampling),
            interpolation=cv2.INTER_AREA,
        )
        red, blue = cv2.split(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
        return np.asarray(cv2.cvtColor(cv2.merge([luma, red, blue]), cv2.COLOR_YCrCb2BGR))

    def _add_noise(self, image: Image, rng: Generator) -> Image:
        height, width = image.shape[:2]
        added, removed = _noise_tiles(self.noise, width, height)
        y, x = rng.integers(0, _NOISE_MARGIN_PX, 2).tolist()
        window = (slice(y, y + height), slice(x, x + width))
        cv2.add(image, added[window], dst=image)
        return np.asarray(cv2.subtract(image, removed[window], dst=image))


@lru_cache(maxsize=2)
def _noise_tiles(sigma: float, width: int, height: int) -> tuple[Image, Image]:
    """Return what the noise adds to the image and what it subtracts, grey levels."""
    raw, spread = _noise(width, height)
    grain = raw * (sigma / spread)
    grain += 128
    np.round(grain, out=grain)
    grey = np.clip(grain, 0, 255, out=grain).astype(np.uint8)
    added, removed = np.maximum(grey, 128) - 128, 128 - np.minimum(grey, 128)
    return np.asarray(cv2.merge([added] * 3)), np.asarray(cv2.merge([removed] * 3))


@lru_cache(maxsize=1)
def _noise(width: int, height: int) -> tuple[Floats, np.floating[Any]]:
    """Return soft noise, the same for every match, and its standard deviation."""
    raw = np.random.default_rng(7).standard_normal(
        (height + _NOISE_MARGIN_PX, width + _NOISE_MARGIN_PX), dtype=np.float32
    )
    raw = np.asarray(cv2.GaussianBlur(raw, (0, 0), 0.6))
    return raw, raw.std()


@lru_cache(maxsize=2)
def _vignette(width: int, height: int, strength: float) -> Image:
    x, y = np.linspace(-1, 1, width), np.linspace(-1, 1, height)
    fall = 1 - strength * (x[None, :] ** 2 + y[:, None] ** 2) / 2
    return np.repeat(np.round(255 * fall).astype(np.uint8)[..., None], 3, axis=2)


def _draw_tone_curve(rng: Generator, tint: Floats) -> Image:
    level = np.arange(256) / 255.0
    gamma, gain, lift = rng.uniform(0.9, 1.12), rng.uniform(0.92, 1.12), rng.uniform(-0.02, 0.04)
    out = lift + (1 - lift) * gain * level[:, None] ** gamma * tint * rng.normal(1, 0.025, 3)
    # a soft shoulder instead of a hard clip
    out = np.where(out > 0.85, 0.85 + 0.15 * np.tanh((out - 0.85) / 0.15), out)
    return np.clip(out * 255, 0, 255).astype(np.uint8)[None]


def draw_sensor(rng: Generator, light: Light, width: int) -> Sensor:
    """Draw the camera chain of a match for images of `width` pixels."""
    unit = width / 640
    fast, slow = {"sun": (1 / 500, 1 / 120), "overcast": (1 / 250, 1 / 60), "night": (1 / 150, 1 / 50)}[
        light.sky
    ]
    return Sensor(
        shutter_s=float(np.exp(rng.uniform(np.log(fast), np.log(slow)))),
        blur_px=float(rng.uniform(0.42, 0.82)) * max(1.0, unit**0.5),
        sharpen=float(rng.choice([0.0, 1.0], p=[0.3, 0.7]) * rng.uniform(0.3, 1.1)),
        tone_curve=_draw_tone_curve(rng, light.tint),
        noise=float(rng.uniform(0.4, 1.5) * (1.3 if light.sky == "night" else 1.0)),
        chroma_subsampling=int(rng.choice([1, 2, 2, 3])),
        quality=int(rng.integers(45, 92)) if rng.random() < 0.67 else 0,
        vignette=float(rng.choice([0.0, rng.uniform(0.05, 0.22)])),
        haze=float(rng.choice([0.0, rng.uniform(0.05, 0.4)], p=[0.9, 0.1])),
    )
