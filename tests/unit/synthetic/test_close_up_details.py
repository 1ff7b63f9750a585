"""Fingers, faces and numbers are drawn at their joints, and only if they are visible."""

from __future__ import annotations

import numpy as np

from raasid.synthetic.arrays import Floats
from raasid.synthetic.camera import Camera, look_at
from raasid.synthetic.close_up_details import add_details
from raasid.synthetic.clothing import WHITE, draw_civilian_outfit
from raasid.synthetic.skeleton import NUM_STYLE, angles, joints
from raasid.synthetic.sprites import Sprite

EYE = look_at(np.array([0.0, -30.0, 8.0]), np.array([0.0, 0.0, 1.0]), 3000.0, 0.0, (640, 360))
OUTFIT = draw_civilian_outfit(np.random.default_rng(0), WHITE, WHITE)


def body(heading: float) -> Floats:
    pose = angles(np.zeros(1), np.zeros(1), np.full(1, np.nan), np.zeros(1), np.zeros((1, NUM_STYLE)))
    return np.asarray(joints(pose, np.zeros((1, 2)), np.array([heading]), np.array([1.8]), np.zeros(1))[0])


def drawn(heading: float, hidden: list[int], number: int, camera: Camera = EYE) -> Floats:
    """Alpha that is added to an empty sprite of the whole image, (360, 640)."""
    empty = Sprite(0, 0, np.zeros((360, 640), np.float32), np.zeros((360, 640, 3), np.float32))
    flags = np.isin(np.arange(17), hidden)
    done = add_details(empty, body(heading), flags, OUTFIT, camera, light=1.0, number=number)
    return done.alpha[-done.top : 360 - done.top, -done.left : 640 - done.left]


def near(alpha: Floats, point: Floats, reach: int = 14) -> float:
    x, y = EYE.project(point[None])[0][0].astype(int)
    return float(alpha[y - reach : y + reach, x - reach : x + reach].sum())


def test_hands_have_fingers_beyond_the_palm_unless_the_body_occludes_them() -> None:
    alpha = drawn(-np.pi / 2, [], 0)
    hands = body(-np.pi / 2)[17:19]
    assert min(near(alpha, hand) for hand in hands) > 5
    assert near(drawn(-np.pi / 2, [9], 0), hands[0]) == 0


def test_a_face_is_drawn_only_if_it_is_visible() -> None:
    nose = body(-np.pi / 2)[0]
    assert near(drawn(-np.pi / 2, [], 0), nose) > 1
    assert near(drawn(-np.pi / 2, [0, 1, 2], 0), nose) == 0


def test_a_number_is_on_the_back_and_not_on_the_chest() -> None:
    facing, turned = body(-np.pi / 2), body(np.pi / 2)
    middle = (facing[11:13].mean(axis=0) + facing[5:7].mean(axis=0)) / 2
    assert near(drawn(-np.pi / 2, [0, 9, 10], 8), middle) == 0
    assert (
        near(drawn(np.pi / 2, [0, 9, 10], 8), (turned[11:13].mean(axis=0) + turned[5:7].mean(axis=0)) / 2)
        > 10
    )
