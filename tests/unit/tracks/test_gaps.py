from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from raasid.tracks.interpolation import bridged
from raasid.tracks.similarity import Sightings


def at(left: float, score: float = 0.8) -> Sightings:
    joints = np.full((1, 17, 3), [left + 5, 60, 0.9], np.float32)
    joints[0, 3, 2] = 0
    return replace(Sightings.of_boxes([(left, 50, 20, 60)]), score=np.float32([score]), joints=joints)


NOBODY = Sightings.of_boxes([])
NO_SHIFT = np.zeros((6, 2))


def bridge(
    seen: list[Sightings], shift: np.ndarray = NO_SHIFT, longest: float = 0.4, hz: float = 25.0
) -> list:
    numbers = [np.full(len(s), 7) for s in seen]
    return bridged(seen, numbers, np.arange(len(seen)) / hz, shift[: len(seen)], 0.4)


def test_who_is_missing_for_a_moment_is_put_between() -> None:
    gaps = bridge([at(100), NOBODY, NOBODY, at(130, 0.6), at(140)])
    assert [len(numbers) for numbers, _ in gaps] == [0, 1, 1, 0, 0]
    numbers, person = gaps[1]
    assert numbers.tolist() == [7]
    assert person.boxes[0].tolist() == pytest.approx([110, 50, 20, 60])
    assert person.joints[0, 0, :2] == pytest.approx([115, 60])
    assert person.joints[0, 3, 2] == 0
    assert 0 < person.score[0] < 0.6


def test_a_person_stands_on_the_pitch_while_the_camera_moves() -> None:
    shift = np.column_stack([[0, -50, -50, -50], np.zeros(4)])  # all of the pan in one frame
    gaps = bridge([at(200), NOBODY, NOBODY, at(150)], shift)
    assert [person.boxes[0, 0] for _, person in gaps[1:3]] == pytest.approx([150, 150])


def test_a_long_absence_is_not_bridged() -> None:
    assert not any(len(numbers) for numbers, _ in bridge([at(0), NOBODY, NOBODY, at(0)], hz=5))


def test_nobody_is_put_before_the_first_or_after_the_last_sighting() -> None:
    gaps = bridge([NOBODY, at(1), at(2), NOBODY])
    assert not any(len(numbers) for numbers, _ in gaps)
