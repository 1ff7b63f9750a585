from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from raasid.collect.annotators import PROPOSER, PeopleAnnotator, person_crop, plausible
from raasid.footage.records import Frame, Keypoint
from raasid.io.image_reader import Image

BOX = (200.0, 100.0, 16.0, 40.0)


def standing(box: tuple[float, float, float, float]) -> list[Keypoint]:
    """A person who fills the box, arms down."""
    x, y, w, h = box
    rows = (
        [0.08]
        + [0.05] * 2
        + [0.07] * 2
        + [0.2] * 2
        + [0.35] * 2
        + [0.5] * 2
        + [0.52] * 2
        + [0.75] * 2
        + [0.97] * 2
    )
    return [(x + w * (0.5 + (0.3 if i % 2 else -0.3)), y + h * row, 2) for i, row in enumerate(rows)]


def test_a_standing_person_is_plausible() -> None:
    assert plausible(standing(BOX), BOX)


@pytest.mark.parametrize(
    "change",
    [
        lambda points: [(x + 60, y, v) for x, y, v in points],
        lambda points: [(x, 240 - y, v) for x, y, v in points],
        lambda points: [(200 + (x - 200) / 5, 110 + (y - 110) / 5, v) for x, y, v in points],
        lambda points: [(x, y, 0) for x, y, _ in points],
    ],
    ids=["elsewhere", "upside down", "tiny", "unseen"],
)
def test_a_skeleton_of_another_person_is_dropped(change: object) -> None:
    assert not plausible(change(standing(BOX)), BOX)  # type: ignore[operator]


def test_a_crop_maps_back_to_the_frame() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    image[120, 208] = 255
    crop, scale, (left, top) = person_crop(image, BOX)
    y, x = np.argwhere(crop[..., 0] > 0.7 * crop.max()).mean(axis=0)
    assert (x / scale + left, y / scale + top) == pytest.approx((208, 120), abs=1)


class Mirror:
    """Detects one person in the middle of every crop, as tall as the box."""

    name = "mirror/1"

    def estimate(self, crop: Image, enlarged: float) -> tuple[tuple[Keypoint, ...], float] | None:
        side = crop.shape[0]
        h = side / 1.5
        return tuple(standing((side / 2 - h / 5, (side - h) / 2, h * 0.4, h))), 0.8


class Blind(Mirror):
    def estimate(self, crop: Image, enlarged: float) -> tuple[tuple[Keypoint, ...], float] | None:
        return None


def annotated(pose: Mirror | None) -> Sequence[Frame]:
    image = np.full((300, 400, 3), (60, 140, 70), np.uint8)
    cv2.rectangle(image, (200, 100), (216, 140), (240, 240, 240), -1)
    frames = [Frame(0, Path("a.jpg"), 400, 300), Frame(5, Path("b.jpg"), 400, 300)]
    return list(PeopleAnnotator(pose).annotate([image, image], frames))


def test_every_annotation_has_its_source_and_is_not_reviewed() -> None:
    for frame in annotated(Mirror()):
        (person,) = frame.persons
        assert person.source is not None
        assert (person.source.name, person.source.reviewed) == ("mirror/1", False)
        assert person.source.confidence == pytest.approx(0.8)
        assert person.track == 0
        assert len(person.keypoints) == 17
        assert person.keypoints[0][1] == pytest.approx(103, abs=4)


def test_a_box_without_joints_is_kept_with_a_lower_confidence() -> None:
    (alone,), (blind,) = annotated(None)[0].persons, annotated(Blind())[0].persons
    assert alone.keypoints == blind.keypoints == ()
    assert alone.source is not None
    assert blind.source is not None
    assert alone.source.name == blind.source.name == PROPOSER
    assert blind.source.confidence == pytest.approx(alone.source.confidence / 2, abs=0.001)
