"""Shirt colors, and the teams that they form."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from raasid.footage.keypoints import KEYPOINTS
from raasid.tracks.team_colors import TeamAssignment, assign_teams, shirt_color

RED, BLUE, BLACK, YELLOW = (50, 60, 45), (35, 15, -50), (14, 1, 1), (85, -5, 80)


def person(left: float, top: float, scale: float = 1.0) -> np.ndarray:
    """Return the joints of a standing person whose shirt fills 20 x 30 pixels."""
    joints = np.zeros((17, 3), np.float32)
    for name, x, y in (
        ("left_shoulder", 20, 0),
        ("right_shoulder", 0, 0),
        ("left_hip", 20, 30),
        ("right_hip", 0, 30),
    ):
        joints[KEYPOINTS.index(name)] = left + scale * x, top + scale * y, 0.9
    return joints


def test_a_shirt_is_the_color_between_shoulders_and_hips() -> None:
    image = np.full((90, 120, 3), (40, 140, 60), np.uint8)
    cv2.rectangle(image, (30, 20), (50, 50), (200, 80, 30), -1)
    cv2.rectangle(image, (30, 50), (50, 80), (255, 255, 255), -1)  # shorts
    expected = cv2.cvtColor(np.float32([[[200, 80, 30]]]) / 255, cv2.COLOR_BGR2Lab).ravel()
    assert shirt_color(image, person(30, 20)) == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(
    "joints",
    [
        person(30, 20) * [1, 1, 0.1],  # shoulders of low confidence
        person(500, 20),  # outside
        person(30, 20, 0.05),  # one pixel
    ],
)
def test_a_shirt_that_is_not_visible_has_no_color(joints: np.ndarray) -> None:
    image = np.zeros((90, 120, 3), np.uint8)
    assert np.isnan(shirt_color(image, joints.astype(np.float32))).all()


def team(color: tuple[int, int, int], count: int, seed: int = 0) -> np.ndarray:
    return np.array(color) + np.random.default_rng(seed).normal(0, 4, (count, 3))


def assign(*groups: np.ndarray, before: np.ndarray | None = None) -> list[TeamAssignment]:
    shirts = np.concatenate(groups).astype(np.float32)
    return assign_teams(shirts, np.ones(len(shirts), np.float32), before).assignments


def test_the_two_largest_groups_are_teams_and_others_are_not() -> None:
    found = assign(team(RED, 6), team(BLUE, 4), team(YELLOW, 1), team(BLACK, 1), np.full((1, 3), np.nan))
    assert found[:6] == [TeamAssignment("player", "A")] * 6
    assert found[6:10] == [TeamAssignment("player", "B")] * 4
    assert found[10:] == [
        TeamAssignment("other", None),
        TeamAssignment("referee", None),
        TeamAssignment("player", None),
    ]


def test_a_shirt_near_a_team_s_color_gets_no_team() -> None:
    near = np.array([[49.0, 52, 23]])
    assert assign(team(RED, 3), team(BLUE, 3), near)[-1] == TeamAssignment("player", None)


def test_black_is_a_team_where_a_team_wears_it() -> None:
    assert [side.team for side in assign(team(BLACK, 5), team(YELLOW, 4))] == ["A"] * 5 + ["B"] * 4


def test_sun_and_shade_do_not_split_a_team() -> None:
    shaded = team(RED, 3) - [15, 0, 0]
    assert {side.team for side in assign(team(RED, 3), shaded, team(BLUE, 3))[:6]} == {"A"}


def test_teams_keep_their_names_when_the_other_becomes_larger() -> None:
    first = assign_teams(
        np.concatenate([team(RED, 4), team(BLUE, 2)]).astype(np.float32), np.ones(6, np.float32)
    )
    later = assign(team(BLUE, 5, 1), team(RED, 2, 1), before=first.shirts)
    assert [side.team for side in later] == ["B"] * 5 + ["A"] * 2
    only_blue = assign(team(BLUE, 3, 2), before=first.shirts)
    assert [side.team for side in only_blue] == ["B"] * 3


def test_there_may_be_no_player_or_a_single_one() -> None:
    assert assign(np.zeros((0, 3))) == []
    assert assign(team(RED, 1)) == [TeamAssignment("player", "A")]
    assert assign(np.full((2, 3), np.nan)) == [TeamAssignment("player", None)] * 2
