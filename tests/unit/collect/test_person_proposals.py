from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from raasid.collect.person_proposals import propose_players
from raasid.io.image_reader import Image

PEOPLE = [(100, 120, 14, 34), (220, 140, 14, 36), (320, 90, 12, 30), (400, 200, 18, 42), (520, 150, 15, 36)]


@pytest.fixture
def pitch() -> Image:
    """A pitch with mown stripes and lines, without people."""
    image = np.full((360, 640, 3), (60, 140, 70), np.uint8)
    image[:, ::2] += 2
    for stripe in range(0, 640, 160):
        image[:, stripe : stripe + 80] += np.array((4, 12, 6), np.uint8)
    image[:60] = (90, 90, 100)
    cv2.line(image, (300, 60), (330, 359), (235, 235, 235), 2)
    cv2.ellipse(image, (320, 200), (120, 50), 0, 0, 360, (235, 235, 235), 2)
    return image


def with_people(pitch: Image) -> Image:
    for number, (x, y, w, h) in enumerate(PEOPLE):
        shirt = ((240, 240, 240), (40, 40, 200), (30, 30, 30))[number % 3]
        cv2.rectangle(pitch, (x, y), (x + w, y + h), shirt, -1)
    return pitch


def test_lines_and_stripes_are_not_people(pitch: Image) -> None:
    assert propose_players(pitch) == []


def test_people_on_grass_are_found_at_their_positions(pitch: Image) -> None:
    found = [proposal.box for proposal in propose_players(with_people(pitch))]
    for x, y, w, h in PEOPLE:
        near = [box for box in found if abs(box[0] + box[2] / 2 - x - w / 2) < 6 and abs(box[1] - y) < 6]
        assert len(near) == 1, (x, y)
        assert near[0][3] == pytest.approx(h, abs=8)
    assert len(found) == len(PEOPLE)


def test_boxes_in_large_frames_are_in_full_resolution_pixels(pitch: Image) -> None:
    large = np.asarray(cv2.resize(with_people(pitch), (2560, 1440)), np.uint8)
    boxes = [proposal.box for proposal in propose_players(large)]
    assert any(abs(x - 4 * PEOPLE[0][0]) < 16 and h == pytest.approx(4 * 34, abs=30) for x, _, _, h in boxes)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_without_grass_no_people_are_proposed(grey: int) -> None:
    assert propose_players(np.full((90, 160, 3), grey, np.uint8)) == []


def test_two_merged_players_are_split(pitch: Image) -> None:
    image = with_people(pitch)
    cv2.rectangle(image, (420, 202), (440, 242), (40, 40, 200), -1)
    near = [p.box for p in propose_players(image) if 390 < p.box[0] < 440]
    assert len(near) == 2


def test_the_majority_of_players_in_real_footage_get_a_box(shared: Path) -> None:
    capture = cv2.VideoCapture(str(shared / "data/video/match_pan_848x478.mp4"))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 100)
    image = np.asarray(capture.read()[1], np.uint8)
    boxes = [proposal.box for proposal in propose_players(image)]
    assert 14 <= len(boxes) <= 28
    assert all(12 < h < 60 and y > 90 for _, y, _, h in boxes)
