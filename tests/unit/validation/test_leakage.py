from __future__ import annotations

import numpy as np
from small_footage import clip, found, frame

from raasid.footage.records import Clip, Footage
from raasid.validation.image_stats import ImageStats, ImageStatsIndex, measure_image
from raasid.validation.leakage_checks import check_match_splits, check_near_identical
from raasid.validation.options import Limits, Thresholds
from raasid.validation.runner import check_footage
from raasid.validation.types import KINDS


def clips(*matches: str) -> list[Clip]:
    return [clip(frame(0), frame(1), name=f"c{k}", match=match) for k, match in enumerate(matches)]


def measured_image(seed: int) -> ImageStats:
    image = np.kron(np.random.default_rng(seed).integers(0, 255, (9, 16)), np.ones((30, 30))).astype(np.uint8)
    image = np.repeat(image[..., None], 3, axis=2)
    return measure_image(image, image[..., 0].astype(np.float32), None)


def test_a_match_in_two_splits_is_found() -> None:
    footage = clips("a", "b", "a")
    (finding,) = found(check_match_splits, *footage, train=["c0"], val=["c1"], test=["c2"])
    assert "match a" in finding.message
    assert finding.frames == 2
    assert found(check_match_splits, *footage, train=["c0", "c2"], test=["c1"]) == []


def test_a_frame_in_two_splits_is_found_whatever_its_match_name() -> None:
    footage = clips("a", "b", "c")
    by_frame = {(f"c{k}", i): measured_image(10 * k + i) for k in range(3) for i in range(2)}
    by_frame["c2", 1] = by_frame["c0", 0]
    hits = found(
        check_near_identical,
        *footage,
        images=ImageStatsIndex(by_frame),
        train=["c0"],
        val=["c1"],
        test=["c2"],
    )
    assert [(hit.clip, hit.frame, hit.other) for hit in hits] == [("c2", 1, ("c0", 0))]


def test_duplicates_within_a_split_are_not_a_leak() -> None:
    by_frame = {("c0", 0): measured_image(1), ("c1", 0): measured_image(1)}
    images = ImageStatsIndex(by_frame)
    assert found(check_near_identical, *clips("a", "b"), images=images, train=["c0", "c1"], test=[]) == []


def test_footage_without_splits_is_split_or_reported_as_not_checked() -> None:
    limits = Limits(**dict.fromkeys(KINDS, 0.0))
    few = check_footage(Footage(clips("a", "b")), Thresholds(), limits, 1)
    assert any("leakage was not checked" in note for note in few.notes)
    many = check_footage(Footage(clips("a", "b", "c", "d")), Thresholds(), limits, 1)
    assert not any("leakage was not checked" in note for note in many.notes)
    leaky = check_footage(
        Footage(clips("a", "a", "b"), {"train": ["c0", "c2"], "test": ["c1"]}), Thresholds(), limits, 1
    )
    assert "match_in_two_splits" in {row.name for row in leaky.over}


def test_every_kind_has_a_limit() -> None:
    assert list(Limits.model_fields) == list(KINDS)
