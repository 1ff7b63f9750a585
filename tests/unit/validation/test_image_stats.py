from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from raasid.validation.image_stats import ImageStats, find_same_images, thumbnail_difference

Hashes = st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=40)


def stats_of(hashes: list[int], shade: int = 0) -> list[ImageStats]:
    thumb = np.tile(np.arange(48, dtype=np.uint8) * 5, (27, 1))
    return [ImageStats((1, 1), 0.5, 1.0, 0.2, 0.2, float("nan"), float("nan"), h, thumb) for h in hashes]


@given(Hashes, st.integers(0, 64))
def test_pairs_are_those_whose_hashes_differ_by_at_most_a_number_of_bits(
    hashes: list[int], bits: int
) -> None:
    found = {j for _, j, _ in find_same_images(stats_of(hashes), np.arange(len(hashes)), bits, 1.0)}
    wanted = {
        j for j in range(len(hashes)) if any((hashes[i] ^ hashes[j]).bit_count() <= bits for i in range(j))
    }
    assert found == wanted


@given(st.lists(st.integers(0, 2), min_size=2, max_size=40))
def test_pairs_are_of_different_groups(groups: list[int]) -> None:
    same = stats_of([7] * len(groups))
    for i, j, _ in find_same_images(same, np.array(groups, np.int64), 0, 1.0):
        assert i < j
        assert groups[i] != groups[j]


def test_pairs_are_found_across_blocks() -> None:
    rng = np.random.default_rng(0)
    hashes = [int(h) for h in rng.integers(0, 2**63, 1300)]
    hashes[1290] = hashes[3]
    assert [(i, j) for i, j, _ in find_same_images(stats_of(hashes), np.arange(1300), 4, 1.0)] == [(3, 1290)]


@given(st.floats(0.6, 1.4), st.floats(-20, 20))
def test_gain_and_offset_do_not_make_a_different_image(gain: float, offset: float) -> None:
    image = np.random.default_rng(0).integers(60, 120, (27, 48)).astype(np.uint8)
    changed = (image * gain + offset).clip(0, 255).round().astype(np.uint8)
    assert thumbnail_difference(image, changed) < 0.01


def test_one_player_makes_a_different_image() -> None:
    image = np.random.default_rng(0).integers(60, 120, (27, 48)).astype(np.uint8)
    other = image.copy()
    other[10:14, 20:22] += 60
    assert thumbnail_difference(image, other) > 0.1
    assert thumbnail_difference(image, 255 - image) == 1.0
