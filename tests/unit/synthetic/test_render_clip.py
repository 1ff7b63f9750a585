"""Labels of single frames agree with their images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raasid.footage.records import Frame, Visibility
from raasid.synthetic.actors import Actor, Cast
from raasid.synthetic.arrays import Floats, Image
from raasid.synthetic.background import paint_backgrounds
from raasid.synthetic.ball_physics import RADIUS_M, BallPath, follow
from raasid.synthetic.camera_operator import MainCamera
from raasid.synthetic.clothing import WHITE, draw_civilian_outfit
from raasid.synthetic.match_setting import build_match_setting
from raasid.synthetic.play_simulation import Play
from raasid.synthetic.render_clip import ClipRenderer
from raasid.synthetic.skeleton import NUM_STYLE

SIZE = (640, 360)


def actor(x: float, y: float, track: int = 1) -> Actor:
    outfit = draw_civilian_outfit(np.random.default_rng(0), WHITE, WHITE)
    return Actor(track, "player", "home", outfit, (x, y), (0.0, 0.0), 0.0, 1.8, 0.0, (0.0,) * NUM_STYLE)


def resting(x: float, y: float, z: float = RADIUS_M) -> BallPath:
    return follow(lambda _: (x, y, z), duration=0.1)


def render(
    actors: list[Actor], ball: BallPath | None, spare_ball: Floats | None = None, shutter_s: float = 0.004
) -> tuple[Image, Frame]:
    """Render one frame of a given play."""
    setting = build_match_setting(0, 1, SIZE)
    setting = replace(setting, sensor=replace(setting.sensor, shutter_s=shutter_s))
    play = Play("staged", Cast(actors), ball, spare_ball)
    operator = MainCamera(np.random.default_rng(7), setting.mount, play, SIZE, 6.5)
    assert not operator.lost
    (background,) = paint_backgrounds(
        np.random.default_rng(0), [operator.at(0.0)], setting.turf, setting.stadium
    )
    renderer = ClipRenderer(setting, play, operator, SIZE, np.random.default_rng(0))
    return renderer.frame(background, 0.0, 0, Path("a.jpg"), np.random.default_rng(0))


def towards_the_camera(x: float, y: float, metres: float) -> tuple[float, float]:
    """Return a ground point that is nearer to the camera by that much."""
    direction = build_match_setting(0, 1, SIZE).mount.centre[:2] - np.array([x, y])
    nearer = np.array([x, y]) + direction / np.linalg.norm(direction) * metres
    return float(nearer[0]), float(nearer[1])


def test_a_ball_in_the_open_is_clear_and_as_wide_as_its_box() -> None:
    image, frame = render([actor(40, 20)], resting(4, 16))
    ball = frame.ball
    assert ball is not None
    assert ball.visibility == Visibility.CLEAR
    assert ball.w == pytest.approx(ball.h, rel=0.15)
    x, y = int(ball.x), int(ball.y)
    bright = image[y - 12 : y + 13, x - 12 : x + 13].astype(int).min(axis=2)
    row, column = np.unravel_index(bright.argmax(), bright.shape)
    assert np.hypot(row - 12, column - 12) <= ball.w


def test_a_ball_behind_a_person_is_hidden_and_not_a_target_for_detectors() -> None:
    _, frame = render([actor(*towards_the_camera(0, 10, 0.3))], resting(0, 10, 0.95))
    assert frame.balls[0].visibility == Visibility.HIDDEN
    assert frame.ball is None
    assert "hidden" in frame.tags


def test_a_ball_in_front_of_a_person_is_visible() -> None:
    nearer = towards_the_camera(0, 10, 0.5)
    _, frame = render([actor(0, 10)], resting(*nearer, 1.0))
    assert frame.balls[0].visibility >= Visibility.BLURRED


def test_a_fast_ball_is_blurred_and_its_box_covers_the_streak() -> None:
    path = follow(lambda t: (4.0, 16.0, 3.0 - 30.0 * t), duration=0.1)
    _, frame = render([], path, shutter_s=0.02)
    ball = frame.balls[0]
    assert ball.visibility == Visibility.BLURRED
    assert ball.h > 2 * ball.w


def test_without_a_ball_in_play_the_spare_one_comes_second() -> None:
    _, frame = render([], resting(0, 10), np.array([2.0, 10.0, RADIUS_M]))
    assert len(frame.balls) == 2
    _, frame = render([actor(0, 0)], None)
    assert frame.ball is None
    assert frame.tags == ("no_ball",)


def test_a_person_in_front_occludes_the_keypoints_of_the_one_behind() -> None:
    nearer = towards_the_camera(0, 10, 0.8)
    _, frame = render([actor(0, 10, track=1), actor(*nearer, track=2)], resting(1.5, 10))
    visible = {p.track: sum(v == 2 for _, _, v in p.keypoints) for p in frame.persons}
    assert visible[1] < visible[2]


def test_a_person_s_box_holds_the_visible_keypoints() -> None:
    _, frame = render([actor(0.8, 10)], resting(0, 10))
    (person,) = frame.persons
    x, y, w, h = person.box
    for px, py, v in person.keypoints:
        if v == 2:
            assert x - 1 <= px <= x + w + 1
            assert y - 1 <= py <= y + h + 1
