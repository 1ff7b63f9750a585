from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raasid.synthetic.arrays import Floats
from raasid.synthetic.skeleton import LEFT_TOE, NUM_STYLE, angles, joints


def body(phase: float = 0.0, speed: float = 0.0, kick: float = float("nan"), heading: float = 0.0) -> Floats:
    pose = angles(
        np.array([phase]), np.array([speed]), np.array([kick]), np.zeros(1), np.zeros((1, NUM_STYLE))
    )
    return joints(pose, np.array([[3.0, 4.0]]), np.array([heading]), np.array([1.80]), np.zeros(1))[0]


@given(phase=st.floats(0, 7), speed=st.floats(0, 9), kick=st.floats(-1, 1), heading=st.floats(-4, 4))
def test_bones_keep_their_length_and_feet_stay_on_the_ground(
    phase: float, speed: float, kick: float, heading: float
) -> None:
    pose = body(phase, speed, kick, heading)
    for a, b, length in ((11, 13, 0.44), (13, 15, 0.43), (7, 9, 0.26), (12, 14, 0.44), (6, 8, 0.30)):
        assert np.linalg.norm(pose[a] - pose[b]) == pytest.approx(length)
    assert pose[:, 2].min() > -0.06
    assert min(pose[15:17, 2].min() - 0.08, pose[LEFT_TOE : LEFT_TOE + 2, 2].min() - 0.03) == pytest.approx(0)


def test_a_standing_person_has_the_given_height_and_position() -> None:
    pose = body()
    assert pose[:, 2].max() + 0.10 == pytest.approx(1.80, abs=0.06)
    assert pose[11:13, :2].mean(axis=0) == pytest.approx([3, 4])


def test_left_is_on_the_left_of_the_heading() -> None:
    pose = body(heading=0.0)
    assert pose[5, 1] > pose[6, 1]
    assert pose[0, 0] > pose[3:5, 0].max()


def test_the_kicking_leg_swings_through() -> None:
    before, after = body(speed=1.0, kick=-0.15), body(speed=1.0, kick=0.14)
    assert before[16, 0] < 3.0 - 0.3
    assert after[16, 0] > 3.0 + 0.4
