from __future__ import annotations

from dataclasses import replace

import numpy as np

from raasid.synthetic import sensor as module
from raasid.synthetic.lighting import draw_light
from raasid.synthetic.sensor import Sensor, draw_sensor


def chain(**changes: float) -> Sensor:
    rng = np.random.default_rng(3)
    plain = {"sharpen": 0.0, "vignette": 0.0, "haze": 0.0, "chroma_subsampling": 1, "quality": 0}
    return replace(draw_sensor(rng, draw_light(rng), 320), **{**plain, **changes})  # type: ignore[arg-type]


def test_the_noise_does_not_depend_on_earlier_images() -> None:
    image = np.full((90, 160, 3), 120, np.uint8)
    fresh = chain(noise=1.2).expose(image.copy(), np.random.default_rng(0))
    for noise in (0.5, 0.7, 0.9):
        chain(noise=noise).expose(np.full((60, 80, 3), 9, np.uint8), np.random.default_rng(1))
    assert np.array_equal(fresh, chain(noise=1.2).expose(image.copy(), np.random.default_rng(0)))


def test_the_noise_has_the_configured_strength_and_no_offset() -> None:
    identity = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    image = np.full((180, 320, 3), 120, np.uint8)
    for noise in (0.6, 2.0, 5.0):
        out = chain(noise=noise, tone_curve=identity).expose(image.copy(), np.random.default_rng(0))
        assert abs(float(out[..., 0].std()) - noise) < 0.15 * noise
        assert abs(float(out.mean()) - 120) < 0.3


def test_each_channel_has_its_own_tone_curve() -> None:
    curve = np.zeros((1, 256, 3), np.uint8)
    curve[..., 0], curve[..., 1], curve[..., 2] = 10, 60, np.arange(256)
    out = chain(noise=0.0, tone_curve=curve).expose(
        np.full((40, 60, 3), 200, np.uint8), np.random.default_rng(0)
    )
    assert (out == np.array([10, 60, 200])).all()


def test_the_caches_hold_at_most_two_sizes() -> None:
    for width in (80, 96, 112, 128):
        chain(noise=1.0).expose(np.full((64, width, 3), 9, np.uint8), np.random.default_rng(0))
    assert module._noise_tiles.cache_info().currsize <= 2
    assert module._noise.cache_info().currsize <= 1
