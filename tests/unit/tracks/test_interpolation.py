"""Persons are interpolated between two detections of their track."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from raasid.tracks.interpolation import interpolate_gaps
from raasid.tracks.similarity import PersonDetections


def at(left: float, score: float = 0.8) -> PersonDetections:
    joints = np.full((1, 17, 3), [left + 5, 60, 0.9], np.float32)
    joints[0, 3, 2] = 0
    return replace(PersonDetections.of_boxes([(left, 50, 20, 60)]), score=np.float32([score]), joints=joints)


EMPTY = PersonDetections.of_boxes([])
NO_SHIFT = np.zeros((6, 2))


def interpolate(detected: list[PersonDetections], shift: np.ndarray = NO_SHIFT, hz: float = 25.0) -> list:
    ids = [np.full(len(s), 7) for s in detected]
    return interpolate_gaps(detected, ids, np.arange(len(detected)) / hz, shift[: len(detected)], 0.4)


def test_a_person_missing_for_some_frames_is_interpolated() -> None:
    gaps = interpolate([at(100), EMPTY, EMPTY, at(130, 0.6), at(140)])
    assert [len(ids) for ids, _ in gaps] == [0, 1, 1, 0, 0]
    ids, person = gaps[1]
    assert ids.tolist() == [7]
    assert person.boxes[0].tolist() == pytest.approx([110, 50, 20, 60])
    assert person.joints[0, 0, :2] == pytest.approx([115, 60])
    assert person.joints[0, 3, 2] == 0
    assert 0 < person.score[0] < 0.6


def test_an_interpolated_person_stays_on_the_pitch_while_the_camera_moves() -> None:
    shift = np.column_stack([[0, -50, -50, -50], np.zeros(4)])  # all of the pan in one frame
    gaps = interpolate([at(200), EMPTY, EMPTY, at(150)], shift)
    assert [person.boxes[0, 0] for _, person in gaps[1:3]] == pytest.approx([150, 150])


def test_a_long_gap_is_not_interpolated() -> None:
    assert not any(len(ids) for ids, _ in interpolate([at(0), EMPTY, EMPTY, at(0)], hz=5))


def test_nothing_is_interpolated_before_the_first_or_after_the_last_detection() -> None:
    gaps = interpolate([EMPTY, at(1), at(2), EMPTY])
    assert not any(len(ids) for ids, _ in gaps)
