from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raasid.synthetic.camera import Camera, look_at

CENTRE = np.array([3.0, -70.0, 22.0])


def camera(target: tuple[float, float] = (4.0, 6.0), focal: float = 1400.0, roll: float = 0.0) -> Camera:
    return look_at(CENTRE, np.array([*target, 0.0]), focal, roll, (640, 360))


def test_the_target_is_in_the_middle_of_the_image() -> None:
    pixel, depth = camera(roll=0.02).project(np.array([4.0, 6.0, 0.0]))
    assert pixel == pytest.approx([320, 180])
    assert depth == pytest.approx(np.linalg.norm(np.array([4.0, 6.0, 0.0]) - CENTRE))


def test_right_is_right_and_up_is_up() -> None:
    pixels, _ = camera().project(np.array([[6.0, 6.0, 0.0], [4.0, 6.0, 2.0], [4.0, 9.0, 0.0]]))
    assert pixels[0, 0] > 320
    assert pixels[1, 1] < 180
    assert pixels[2, 1] < 180


def test_a_rotation_is_orthogonal_and_keeps_handedness() -> None:
    rotation = camera(roll=0.1).rotation
    assert rotation @ rotation.T == pytest.approx(np.eye(3))
    assert np.linalg.det(rotation) == pytest.approx(1)


@given(x=st.floats(-40, 40), y=st.floats(-30, 30), tx=st.floats(-20, 20), focal=st.floats(500, 4000))
def test_the_plane_homography_agrees_with_the_projection(x: float, y: float, tx: float, focal: float) -> None:
    view = camera((tx, 0.0), focal, 0.03)
    mapped = view.plane(np.zeros(3), np.array([1.0, 0, 0]), np.array([0, 1.0, 0])) @ np.array([x, y, 1.0])
    assert mapped[:2] / mapped[2] == pytest.approx(view.project(np.array([x, y, 0.0]))[0], abs=1e-6)


def test_cameras_with_one_centre_are_related_by_a_homography() -> None:
    one, other = camera((0.0, 0.0), 1200), camera((5.0, 3.0), 1500, 0.02)
    points = np.array([[2.0, 1.0, 0.0], [-3.0, 8.0, 1.5]])
    there, here = one.project(points)[0], other.project(points)[0]
    mapped = np.column_stack([there, np.ones(2)]) @ other.homography_from(one).T
    assert mapped[:, :2] / mapped[:, 2:] == pytest.approx(here)


def test_a_body_behind_the_camera_has_no_outline() -> None:
    behind = np.array([[0.0, -90, 20], [5, -90, 20], [5, -95, 20], [0, -95, 20]])
    assert len(camera().outline(behind)) == 0


def test_a_polygon_through_the_camera_is_clipped() -> None:
    ground = np.array([[-60.0, -100, 0], [60, -100, 0], [60, 40, 0], [-60, 40, 0]])
    outline = camera().outline(ground)
    assert len(outline) >= 4
    assert np.isfinite(outline).all()
