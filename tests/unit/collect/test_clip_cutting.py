from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from raasid.collect.collector import cut_into_clips
from raasid.collect.options import CollectOptions
from raasid.io.image_reader import Image


def shots(*lengths: int) -> Iterator[Image]:
    """Grass with a moving crowd, then a grey studio, then grass again, with hard cuts."""
    rng = np.random.default_rng(0)
    for shot, length in enumerate(lengths):
        colour = ((60, 140, 70), (120, 120, 125))[shot % 2]
        still = np.full((90, 160, 3), colour, np.uint8) + rng.integers(0, 20, (90, 160, 3), np.uint8)
        for number in range(length):
            yield np.roll(still, number, axis=1)


def clips(images: Iterator[Image], **settings: float) -> list[tuple[int, int]]:
    found: dict[int, int] = {}
    for decoded in cut_into_clips(images, 25.0, CollectOptions(**settings)):  # type: ignore[arg-type]
        found[decoded.clip] = decoded.start
    return list(found.items())


def test_a_clip_ends_where_the_scene_changes() -> None:
    assert clips(shots(30, 20, 40)) == [(0, 0), (1, 30), (2, 50)]


def test_a_pan_is_not_a_cut() -> None:
    assert clips(shots(60)) == [(0, 0)]


def test_a_threshold_of_one_never_cuts() -> None:
    assert clips(shots(30, 20), scene_cut=1.0) == [(0, 0)]


def test_a_clip_ends_when_it_is_long_enough() -> None:
    assert clips(shots(60), clip_s=1.0) == [(0, 0), (1, 25), (2, 50)]


@pytest.mark.parametrize(("rate", "kept"), [(5.0, 10), (1.0, 2), (None, 50), (100.0, 50), (12.5, 25)])
def test_rate_hz_frames_of_each_second_are_kept(rate: float | None, kept: int) -> None:
    decoded = list(cut_into_clips(shots(50), 25.0, CollectOptions(rate_hz=rate)))
    assert sum(frame.keep for frame in decoded) == kept
    assert decoded[0].keep
