from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from staged_play import HAND, ball, person, play

from raasid.footage.records import Clip, Frame, Provenance
from raasid.review.arm_distance import ArmDistance, measure_arm_distance
from raasid.tracks.track_arrays import clip_tracks


def measure(frames: list[Frame]) -> ArmDistance:
    return measure_arm_distance(clip_tracks(Clip("clip", tuple(frames), Provenance("test"))))


def test_the_gap_runs_from_the_edge_of_the_ball_to_the_arm() -> None:
    above_the_elbow = ball(98.0, 28.0)  # the elbow is at (98, 48), the ball's radius 3
    found = measure([replace(play(1)[0], balls=(above_the_elbow,))])
    assert found.gap_px[0] == pytest.approx(17.0, abs=1.0)
    assert found.gap[0] == pytest.approx(found.gap_px[0] / found.arm_px[0])
    assert (found.track[0], found.side_names[0], found.joints[0]) == (3, "left", 3)


def test_a_ball_on_the_fingers_touches_although_the_wrist_is_the_last_joint() -> None:
    fingers = ball(HAND[0] + 3.5, HAND[1] + 0.5)
    assert measure([replace(play(1)[0], balls=(fingers,))]).gap_px[0] == 0.0


def test_the_arm_that_is_nearest_in_arm_lengths_counts() -> None:
    small, tall = person(track=1), person(x=60.0, top=10.0, tall=144.0, track=2)
    found = measure([replace(play(1)[0], balls=(ball(118.0, 90.0),), persons=(small, tall))])
    assert found.track[0] == 2


def test_without_ball_or_arms_there_is_no_gap() -> None:
    frames = play(3)
    frames[0] = replace(frames[0], balls=())
    frames[1] = replace(frames[1], persons=())
    frames[2] = replace(frames[2], persons=(replace(frames[2].persons[0], keypoints=()),))
    found = measure(frames)
    assert np.isnan(found.gap).all()
    assert found.track.tolist() == [-1, -1, -1]
    assert found.people.tolist() == [1, 0, 1]
    assert found.nearest() is None


def test_an_empty_pitch_has_no_people() -> None:
    assert measure(play(4, persons=())).people.tolist() == [0, 0, 0, 0]


def test_concatenated_parts_equal_the_clip() -> None:
    clip = measure(play(10, at=5))
    joined = ArmDistance.concatenate([clip.part(0, 4), clip.part(4, 10)])
    assert np.array_equal(joined.gap, clip.gap)
    assert joined.nearest() == 5
