"""Features of footage: from some frames of each match, the same for the same footage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from raasid.footage.records import Clip, Frame, Provenance
from raasid.monitoring.footage_features import (
    FRAMES_PER_MATCH,
    footage_features,
    image_features,
    sample_frames,
    slices_of,
)

GRASS = np.full((90, 160, 3), (40, 140, 60), np.uint8)


def clip(name: str, match: str, frames: int, folder: Path = Path(), tags: tuple[str, ...] = ()) -> Clip:
    images = tuple(Frame(k, folder / f"{name}-{k}.png", 160, 90) for k in range(frames))
    return Clip(name, images, Provenance("test", match=match), tags=tags)


def test_some_frames_of_each_match_are_looked_at_over_all_of_its_clips() -> None:
    clips = [clip("a", "m1", 40), clip("b", "m1", 20), clip("c", "m2", 3)]

    chosen = [(each.clip.id, each.frame.index) for each in sample_frames(clips)]

    assert [name for name, _ in chosen].count("c") == 3
    assert len(chosen) == FRAMES_PER_MATCH + 3
    assert {name for name, _ in chosen} == {"a", "b", "c"}
    assert chosen == [(each.clip.id, each.frame.index) for each in sample_frames(clips[::-1])]


def test_of_many_matches_the_same_ones_are_chosen_in_any_order() -> None:
    clips = [clip(f"c{k}", f"m{k}", 2) for k in range(30)]
    chosen = {each.clip.match for each in sample_frames(clips, max_matches=8)}
    assert len(chosen) == 8
    assert chosen == {each.clip.match for each in sample_frames(clips[::-1], max_matches=8)}


@pytest.mark.parametrize(
    ("changed", "feature"),
    [
        (GRASS // 2, "brightness"),
        (GRASS[..., ::-1].copy(), "blue to yellow"),
        (np.repeat(GRASS.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8), "saturation"),
        (np.random.default_rng(0).normal(GRASS, 10).clip(0, 255).astype(np.uint8), "noise"),
        (cv2.resize(GRASS, (80, 45)), "image width"),
    ],
)
def test_a_changed_image_has_another_feature(changed: np.ndarray, feature: str) -> None:
    before, after = image_features(GRASS), image_features(changed)
    assert abs(after[feature] - before[feature]) > 0.05


def test_noise_is_its_standard_deviation() -> None:
    noisy = np.random.default_rng(0).normal(GRASS.mean(), 5, (360, 480, 1)).repeat(3, axis=2).round()
    assert image_features(noisy.astype(np.uint8))["noise"] == pytest.approx(5, rel=0.05)


def test_a_row_for_each_frame_that_can_be_read_with_the_kind_of_its_match(tmp_path: Path) -> None:
    day, night = clip("a", "m1", 2, tmp_path, ("sun",)), clip("b", "m2", 2, tmp_path, ("light=night",))
    for frame in (*day.frames, night.frames[0]):
        cv2.imwrite(str(frame.image), GRASS)

    table = footage_features(sample_frames([day, night]))

    assert table.matches == ("m1", "m1", "m2")
    assert table.columns["light"].tolist() == ["sun", "sun", "night"]
    assert table.columns["image width"].tolist() == [160.0] * 3


def test_the_kind_of_a_match_is_the_commonest_of_its_clips() -> None:
    clips = [
        clip("a", "m", 1, tags=("night",)),
        clip("b", "m", 1, tags=("night",)),
        clip("c", "m", 1, tags=("sun",)),
    ]
    premier = replace(clips[0], id="d", provenance=Provenance("test", match="m2", competition="premier"))
    stadium = clip("e", "m3", 1, tags=("stadium=north",))

    assert slices_of([*clips, premier], "light") == {"m": "night", "m2": "night"}
    assert slices_of([*clips, premier], "competition") == {"m2": "premier"}
    assert slices_of([*clips, stadium], "stadium") == {"m3": "north"}
