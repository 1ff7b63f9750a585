"""Every scripted scene is measured again in three dimensions, with independent geometry."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from pydantic import ValidationError

from raasid.laws.decide import decide
from raasid.laws.facts import ARM
from raasid.synthetic.arrays import Floats
from raasid.synthetic.ball_physics import RADIUS_M
from raasid.synthetic.body_rendering import RADIUS_M as PAINTED_M
from raasid.synthetic.body_rendering import capsules
from raasid.synthetic.camera import look_at
from raasid.synthetic.league import League
from raasid.synthetic.match_setting import build_match_setting
from raasid.synthetic.pitch import CROSSBAR_M, GOAL_M, LENGTH_M
from raasid.synthetic.scenarios import body_capsules
from raasid.synthetic.scenarios.registry import SCENARIOS, TRAINING, scenario_probabilities
from raasid.synthetic.scenarios.scene import Scene, build_scene

SIZE = (640, 360)
TIMES = np.arange(20) / 25
ATTEMPTS = [(name, seed) for name in SCENARIOS for seed in (0, 1)]
GOALS = {"goal_off_arm", "goal_by_team_mate", "goal_after_touch"}
LEFT_HAND = 17


@lru_cache(maxsize=64)
def scene_of(name: str, seed: int) -> Scene:
    setting = build_match_setting(0, seed, SIZE)
    rng = np.random.default_rng([7, seed, sum(map(ord, name))])
    return build_scene(rng, name, setting.kits, setting.mount.centre, TIMES)


def moment(scene: Scene) -> float:
    return float(TIMES[scene.moment])


def player(scene: Scene, t: float) -> Floats:
    return np.asarray(scene.play.cast.joints(t)[scene.player])


def gap_to_axis(p: Floats, a: Floats, b: Floats) -> float:
    along = b - a
    share = np.clip((p - a) @ along / max(float(along @ along), 1e-12), 0, 1)
    return float(np.linalg.norm(p - a - share * along))


def axis(joints: Floats, segment: str, side: int) -> tuple[Floats, Floats, float]:
    """Return ends and radius of a limb."""
    a, b, radius = {
        "hand": (9 + side, LEFT_HAND + side, 0.042),
        "forearm": (7 + side, 9 + side, 0.039),
        "upper_arm": (5 + side, 7 + side, 0.060),
        "shoulder": (5, 6, 0.074),
        "head": (23, 24, 0.105),
        "chest": (21, 22, 0.155),
        "back": (21, 22, 0.155),
        "thigh": (11 + side, 13 + side, 0.092),
        "shin": (13 + side, 15 + side, 0.054),
        "foot": (15 + side, 19 + side, 0.050),
    }[segment]
    return joints[a], joints[b], radius


@pytest.mark.parametrize(("name", "seed"), ATTEMPTS)
def test_the_ball_touches_the_segment_at_the_moment_or_never(name: str, seed: int) -> None:
    scene = scene_of(name, seed)
    assert scene.play.ball is not None
    if name == "near_miss":
        assert scene.contact is None
        assert scene.facts.segment == "none"
        for t in np.arange(-0.05, TIMES[-1], 0.01):
            assert body_capsules.gaps(player(scene, t), scene.play.ball.at(t)).min() > 0.3
        return
    assert scene.contact is not None
    assert scene.contact.frame == scene.moment
    side = scene.attempt.side
    a, b, radius = axis(player(scene, moment(scene)), scene.contact.segment, side)
    assert gap_to_axis(scene.play.ball.at(moment(scene)), a, b) <= RADIUS_M + radius + 0.02
    if scene.contact.segment in ARM:
        assert scene.contact.side == ("left", "right")[side]
    assert scene.play.cast.actors[scene.player].track == scene.contact.person


@pytest.mark.parametrize("seed", range(6))
def test_a_near_miss_overlaps_the_arm_in_the_image(seed: int) -> None:
    scene = scene_of("near_miss", seed)
    setting = build_match_setting(0, seed, SIZE)
    assert scene.play.ball is not None
    joints, ball = player(scene, moment(scene)), scene.play.ball.at(moment(scene))
    eye = look_at(setting.mount.centre, joints[11], 4000.0, 0.0, SIZE)
    ends, depth = eye.project(joints[[5, 7, 9, 17] if scene.attempt.side == 0 else [6, 8, 10, 18]])
    (disc,), _ = eye.project(ball[None])
    scale = 4000.0 / depth.mean()
    away = min(gap_to_axis(disc, ends[i], ends[i + 1]) for i in range(3))
    assert away < (RADIUS_M + 0.039) * scale
    assert 0.4 <= abs(float(eye.to_camera(ball)[2]) - depth.mean()) <= 3.0


@pytest.mark.parametrize(("name", "seed"), ATTEMPTS)
def test_facts_about_the_arm_are_true_of_the_joints(name: str, seed: int) -> None:
    scene = scene_of(name, seed)
    facts, side, joints = scene.facts, scene.attempt.side, player(scene, moment(scene))
    wrist, hand, shoulder = joints[9 + side], joints[LEFT_HAND + side], joints[5 + side]
    assert facts.above_shoulder == (wrist[2] > shoulder[2] and hand[2] > shoulder[2])
    arm, trunk = joints[7 + side] - shoulder, joints[21] - joints[22]
    angle = np.degrees(np.arccos(arm @ trunk / np.linalg.norm(arm) / np.linalg.norm(trunk)))
    if facts.falling_support:
        assert hand[2] < 0.2
        assert shoulder[2] < 0.95
        assert not facts.bigger
    else:
        assert facts.bigger == (angle > 35)


@pytest.mark.parametrize(("name", "seed"), ATTEMPTS)
def test_facts_about_the_game_are_true_of_the_pitch(name: str, seed: int) -> None:
    scene = scene_of(name, seed)
    ball, facts, actor = scene.play.ball, scene.facts, scene.play.cast.actors[scene.player]
    assert ball is not None
    x, y, _ = ball.at(moment(scene))
    own = -1.0 if actor.team == "home" else 1.0
    assert facts.in_own_area == (own * x > LENGTH_M / 2 - 16.5 and abs(y) < 20.16)
    assert facts.goalkeeper == (actor.role == "goalkeeper")
    kicker = [a for a in scene.play.cast.actors if abs(a.kicks_at - scene.attempt.kicked_s) < 1e-6]
    assert len(kicker) == 1
    away = float(np.linalg.norm(scene.attempt.source[:2] - np.array([x, y])))
    assert facts.close_range == (away < 2.0)
    crossed = None
    for t in np.arange(moment(scene), TIMES[-1] + 0.5, 0.004):
        position = ball.at(t)
        if abs(position[0]) > LENGTH_M / 2 + RADIUS_M:
            crossed = position
            break
    inside = (
        crossed is not None
        and abs(crossed[1]) < GOAL_M / 2
        and crossed[2] < CROSSBAR_M
        and np.sign(crossed[0]) == -own
    )
    assert inside == (name in GOALS)
    assert (facts.scored != "no") == (name in {"goal_off_arm", "goal_after_touch"})
    assert (facts.team_mate == "goal") == (name == "goal_by_team_mate")


@pytest.mark.parametrize(("name", "seed"), ATTEMPTS)
def test_only_a_hand_that_moves_to_the_ball_is_deliberate(name: str, seed: int) -> None:
    scene = scene_of(name, seed)
    assert scene.play.ball is not None
    if scene.facts.segment not in ARM:
        assert not scene.facts.deliberate
        return
    t, side = moment(scene), scene.attempt.side
    before, after = player(scene, t - 0.08), player(scene, t - 0.02)
    moved = (after - before)[LEFT_HAND + side] - (after - before)[5 + side]
    direction = scene.play.ball.at(t) - before[LEFT_HAND + side]
    speed = float(moved @ direction) / float(np.linalg.norm(direction)) / 0.06
    assert (speed > 1.0) == scene.facts.deliberate


@pytest.mark.parametrize(("name", "seed"), ATTEMPTS)
def test_no_other_player_touches_the_ball_around_the_moment(name: str, seed: int) -> None:
    scene = scene_of(name, seed)
    assert scene.play.ball is not None
    for t in np.arange(moment(scene) - 0.08, moment(scene) + 0.081, 0.02):
        kicks = np.array([abs(a.kicks_at - t) < 0.15 for a in scene.play.cast.actors])
        everyone = scene.play.cast.joints(t)
        gaps = body_capsules.gaps(everyone, scene.play.ball.at(t)).min(axis=1)
        gaps[kicks | (np.arange(len(gaps)) == scene.player)] = 9.0
        assert gaps.min() > 0.02


def test_body_capsules_match_the_rendered_body() -> None:
    joints = player(scene_of("arm_out", 0), 0.3)
    start, stop = body_capsules.axes(joints)
    painted = np.concatenate([*capsules(joints)], axis=-1)
    for k, segment in enumerate(body_capsules.SEGMENT.tolist()):
        if segment in {"upper_arm", "shoulder", "thigh"}:
            continue  # sleeves and shorts are cut elsewhere than the Law cuts
        mine = np.concatenate([start[k], stop[k]])
        near = np.flatnonzero(np.abs(painted - mine).max(axis=1) < 0.03)
        assert any(PAINTED_M[i] == pytest.approx(body_capsules.RADII_M[k]) for i in near), segment


@pytest.mark.parametrize(("name", "seed"), ATTEMPTS)
def test_the_registry_agrees_with_the_law(name: str, seed: int) -> None:
    expected = SCENARIOS[name].offence
    ruling = decide(scene_of(name, seed).facts, "ifab_2024_25")
    if expected is not None:
        assert ruling.decision == ("offence" if expected else "no_offence")


def test_a_prior_is_the_share_of_offences() -> None:
    probabilities = scenario_probabilities((), 0.05)
    assert set(probabilities) == set(TRAINING)
    assert sum(p for name, p in probabilities.items() if SCENARIOS[name].offence) == pytest.approx(0.05)
    assert sum(probabilities.values()) == pytest.approx(1)
    assert scenario_probabilities((), None)["near_miss"] > scenario_probabilities((), None)["chest"]
    assert "elbow_behind" not in probabilities


def test_an_unknown_scenario_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match="'deliberate'"):
        League.model_validate({"scenarios": ["handbal"]})
