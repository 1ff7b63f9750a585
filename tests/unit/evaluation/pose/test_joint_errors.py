from __future__ import annotations

import numpy as np
import pytest
from pose_scenes import frame, people, person

from raasid.evaluation.pose.matched import JointErrors, match_frames
from raasid.evaluation.pose.matching import ARMS, GroundTruth
from raasid.footage.records import Person

HEIGHT = 100.0
FOREARM = float(np.hypot(0.02, 0.15)) * HEIGHT
TORSO = float(np.hypot(0.20, 0.32)) * HEIGHT


def errors(predicted, *persons):
    return JointErrors.measure(predicted, GroundTruth.from_persons(persons))


def test_errors_are_in_torsos_and_those_of_arm_joints_also_in_forearms():
    one = person(height=HEIGHT)
    predicted = people([one])
    predicted.keypoints[0, 9, 0] += 10.0
    predicted.keypoints[0, 15, 1] += 5.0
    found = errors(predicted, one)
    assert found.torso[0, 9] == pytest.approx(10.0 / TORSO, rel=1e-4)
    assert found.torso[0, 15] == pytest.approx(5.0 / TORSO, rel=1e-4)
    assert found.forearm[0, 9] == pytest.approx(10.0 / FOREARM, rel=1e-4)
    assert np.isnan(np.delete(found.forearm[0], ARMS)).all()


def test_unlabelled_joints_have_no_error():
    keypoints = tuple((x, y, 0 if k == 9 else 2) for k, (x, y, _) in enumerate(person().keypoints))
    one = Person(0, "player", person().box, keypoints=keypoints)
    found = errors(people([one]), one)
    assert np.isnan(found.torso[0, 9])
    assert np.isnan(found.forearm[0, 9])
    assert np.isnan(found.swapped[0, 1])
    assert not np.isnan(found.swapped[0, 0])


def test_arms_on_the_wrong_sides_are_swapped():
    one = person(height=HEIGHT)
    predicted = people([one])
    predicted.keypoints[0, [9, 10]] = predicted.keypoints[0, [10, 9]]
    assert errors(predicted, one).swapped[0].tolist() == [0.0, 1.0]


def test_wrists_close_to_each_other_have_no_swap():
    points = np.array(person(height=HEIGHT).keypoints)
    points[10, :2] = points[9, :2] + (0.1 * TORSO, 0.0)
    one = Person(0, "player", person(height=HEIGHT).box, keypoints=tuple(map(tuple, points.tolist())))
    assert np.isnan(errors(people([one]), one).swapped[0, 1])


def test_crowds_have_no_errors():
    one = person(crowd=True)
    assert np.isnan(errors(people([one]), one).torso).all()


def test_only_one_of_two_boxes_on_a_person_finds_it():
    persons = [person(100), person(300), person(500)]
    ref = frame(persons)
    predicted = people([persons[0], persons[0], persons[1]], shift=(8.0, 0.0))
    (outcome,) = match_frames([ref], [predicted], [people(persons)])
    assert outcome.is_found.tolist() == [True, True, False]


def test_a_box_that_overlaps_less_than_half_finds_no_person():
    one = person(100, height=80.0)  # 40 pixels wide: a shift by 14 leaves 26 / 54
    near, far = (
        match_frames([frame([one])], [people([one], shift=(x, 0.0))], [people([one])])[0].is_found.tolist()
        for x in (13.0, 14.0)
    )
    assert (near, far) == ([True], [False])
