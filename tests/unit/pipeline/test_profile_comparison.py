"""A profile compared with current footage: what drifts, and whether the mix has changed or the world."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from raasid.footage.records import Clip, Frame, Provenance
from raasid.monitoring.footage_features import footage_features, sample_frames, slices_of
from raasid.monitoring.reference_profile import ReferenceProfile
from raasid.pipeline.drift_check import DriftCheck, check_drift
from raasid.triggers.drift import DriftTriggerRule

SHADES = {"sun": 150.0, "night": 60.0}
BEFORE = ("sun",) * 10 + ("night",) * 10


def footage(folder: Path, name: str, lights: Sequence[str], brighter: float = 0.0) -> list[Clip]:
    """A clip of two noisy images for each match; matches differ a little."""
    clips = []
    for k, light in enumerate(lights):
        rng = np.random.default_rng([len(name), k, int(brighter)])
        shade = SHADES[light] + brighter + rng.normal(0, 4)
        frames = []
        for index in range(2):
            path = folder / f"{name}{k}-{index}.png"
            image = rng.normal(shade, 8, (36, 64, 3)).clip(0, 255).astype(np.uint8)
            cv2.imwrite(str(path), image)
            frames.append(Frame(index, path, 64, 36))
        provenance = Provenance("test", match=f"{name} {k}")
        clips.append(Clip(f"{name}{k}", tuple(frames), provenance, tags=(light,)))
    return clips


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> ReferenceProfile:
    clips = footage(tmp_path_factory.mktemp("before"), "old", BEFORE)
    part = footage_features(sample_frames(clips)).profile()
    assert part is not None
    return ReferenceProfile({"footage": part}, {"light": slices_of(clips, "light")})


def compare(profile: ReferenceProfile, clips: Sequence[Clip], known: Sequence[str] = ()) -> DriftCheck:
    return check_drift(profile, known, sample_frames(clips), None, DriftTriggerRule())


@pytest.mark.parametrize(
    ("lights", "brighter", "conclusion"),
    [
        (("night",) * 12, 0.0, "mix"),
        (("sun", "night") * 6, 70.0, "world"),
        (("sun",) * 12, 70.0, "both"),
    ],
)
def test_a_changed_mix_is_told_apart_from_a_changed_world(
    lights: tuple[str, ...], brighter: float, conclusion: str, profile: ReferenceProfile, tmp_path: Path
) -> None:
    found = compare(profile, footage(tmp_path, "new", lights, brighter))
    assert "brightness" in found.reports["footage"].drifted
    assert found.mixes["light"].conclusion == conclusion


def test_footage_like_before_does_not_drift_and_nothing_more_is_asked(
    profile: ReferenceProfile, tmp_path: Path
) -> None:
    found = compare(profile, footage(tmp_path, "other", ("sun", "night") * 5))
    assert found.reports["footage"].verdict == "no drift"
    assert (found.mixes, found.notes) == ({}, [])


def test_the_only_part_is_tested_at_the_full_level(profile: ReferenceProfile, tmp_path: Path) -> None:
    found = compare(profile, footage(tmp_path, "other", ("sun", "night") * 5))
    assert list(found.reports) == ["footage"]
    assert found.reports["footage"].alpha == 0.05


def test_footage_without_tags_is_compared_by_its_images(profile: ReferenceProfile, tmp_path: Path) -> None:
    clips = footage(tmp_path, "new", ("night",) * 10, 60.0)
    untagged = [Clip(clip.id, clip.frames, clip.provenance) for clip in clips]
    found = compare(profile, untagged)
    assert "brightness" in {feature.name for feature in found.reports["footage"].features}
    assert "light" not in {feature.name for feature in found.reports["footage"].features}


def test_matches_that_the_champion_knows_are_left_out_and_counted(
    profile: ReferenceProfile, tmp_path: Path
) -> None:
    clips = footage(tmp_path, "new", ("sun", "night") * 5)
    found = compare(profile, clips, known=["new 0", "new 3", "elsewhere"])
    assert found.reports["footage"].units == 8
    assert found.notes == ["2 matches are left out, because the champion knows them."]
    nothing = compare(profile, clips[:1], known=["new 0"])
    assert nothing.reports == {}
    assert nothing.notes == [
        "1 match is left out, because the champion knows it.",
        "There is no footage of other matches.",
    ]
