"""One scripted scene: attempts at a scenario are drawn until one shows what it promises.

Its cast is the touched player, the kicker, the scorer, and people who keep out of the way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from raasid.errors import RaasidError
from raasid.footage.records import Contact, Role
from raasid.laws.facts import ARM, Facts
from raasid.synthetic.actors import SLOWDOWN_S, Actor, Cast
from raasid.synthetic.arrays import Bools, Floats
from raasid.synthetic.clothing import draw_outfit
from raasid.synthetic.league import ScenarioName
from raasid.synthetic.play_simulation import Play
from raasid.synthetic.player_placement import (
    MatchKits,
    actor_at,
    add_markers,
    place_bystanders,
    place_teams,
    separate_players,
)
from raasid.synthetic.scenarios.attempt import SceneAttempt, attempt_scene
from raasid.synthetic.scenarios.fact_extraction import extract_facts
from raasid.synthetic.scenarios.registry import SCENARIOS
from raasid.synthetic.scenarios.script import AttemptFailed, Script

_MAX_ATTEMPTS = 6000
_MOMENT = {"goal": 0.42, "mate_scores": 0.22, "scores_next": 0.22}
"""Position of the touch in the clip, 0 to 1, of scenes that continue after it."""


class ScenarioInfeasible(RaasidError):
    """No attempt at a scenario showed what it promises."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"scenario {name}: none of {_MAX_ATTEMPTS} attempts shows what it promises; the last one: {why}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The play of a scripted clip, and what is true of it."""

    play: Play
    facts: Facts
    contact: Contact | None
    """Its `frame` is an index in the clip."""
    attempt: SceneAttempt
    player: int
    """Index in the cast of the touched player, or of the one whom a near miss seems to touch."""
    moment: int
    """Frame of the touch, or of the moment in which the image seems to show one."""


def build_scene(rng: Generator, name: ScenarioName, kits: MatchKits, camera: Floats, times: Floats) -> Scene:
    """Build a scene of scenario `name` for frames at `times` (N,), seconds; camera: (3,) metres.

    Raises ScenarioInfeasible.
    """
    why = ""
    for _ in range(_MAX_ATTEMPTS):
        script = SCENARIOS[name].draw_script(rng)
        home = rng.random() < 0.5
        kit = (kits.keepers[0 if home else 1]) if script.keeper else kits.home if home else kits.away
        role: Role = "goalkeeper" if script.keeper else "player"
        player = actor_at(
            rng,
            np.zeros(2),
            draw_outfit(rng, kit, keeper=script.keeper),
            track=0,
            role=role,
            team="home" if home else "away",
        )
        moment = _moment(rng, script, len(times))
        end = float(times[-1])
        try:
            attempt = attempt_scene(
                rng, script, 1 if home else -1, player, camera, np.array([times[moment], end])
            )
            facts = extract_facts(attempt, camera, end)
        except AttemptFailed as reason:
            why = str(reason)
            continue
        actors, index = build_cast(rng, attempt, kits, camera, end)
        play = Play(f"scenario_{name}", Cast(actors, {index: attempt.animation}), attempt.ball, None)
        contact = None
        if script.miss_m == 0:
            assert facts.segment is not None
            sided = facts.segment in ARM | {"shoulder", "thigh", "shin", "foot"}
            side = ("left", "right")[attempt.side] if sided else "none"
            contact = Contact(moment, actors[index].track, side, facts.segment)  # type: ignore[arg-type]
        return Scene(play, facts, contact, attempt, index, moment)
    raise ScenarioInfeasible(name, why)


def _moment(rng: Generator, script: Script, frames: int) -> int:
    share = _MOMENT.get(script.ending, float(rng.uniform(0.48, 0.62)))
    return min(max(round(share * (frames - 1)), 1), max(frames - 2, 0))


_CLEAR_M = 1.2
"""Distance that everyone else keeps from the path of the ball."""


def build_cast(
    rng: Generator, attempt: SceneAttempt, kits: MatchKits, camera: Floats, end_s: float
) -> tuple[list[Actor], int]:
    """Return all actors of the scene, and the index of the touched player."""
    position = np.array(attempt.player.ground)
    actors = place_teams(rng, kits, position)
    candidates = [
        i for i, a in enumerate(actors) if a.team == attempt.player.team and a.role == attempt.player.role
    ]
    player = min(candidates, key=lambda i: float(np.linalg.norm(np.array(actors[i].ground) - position)))
    actors[player] = replace(attempt.player, track=actors[player].track)
    actors = add_markers(rng, actors, player, position, min_distance_m=1.6)
    placed = {player}
    # the kicker is an opponent, except for a cross to an attacker
    attacking = "goal_mouth" in attempt.script.zones
    actors, kicker = _add_kicker(rng, actors, placed, attempt, attacking)
    placed.add(kicker)
    if attempt.next_kick is not None and attempt.script.ending == "mate_scores":
        actors, mate = _add_scorer(actors, placed, attempt)
        placed.add(mate)
    everyone = actors + place_bystanders(rng, kits, position)
    everyone = separate_players(everyone, player)
    for i in placed:
        everyone[i] = actors[i]
    return _clear_the_way(rng, everyone, placed, attempt, camera, end_s), player


def _nearest(actors: list[Actor], placed: set[int], position: Floats, team: str | None, same: bool) -> int:
    free = [
        i for i, a in enumerate(actors) if i not in placed and a.role == "player" and (a.team == team) == same
    ]
    return min(free, key=lambda i: float(np.linalg.norm(np.array(actors[i].ground) - position[:2])))


def _add_kicker(
    rng: Generator, actors: list[Actor], placed: set[int], attempt: SceneAttempt, mate: bool
) -> tuple[list[Actor], int]:
    leg = next(leg for leg in attempt.ball.legs if leg.start_s >= attempt.kicked_s - 1e-9)
    i = _nearest(actors, placed, attempt.source, attempt.player.team, mate)
    return _let_kick(
        actors, i, leg.start_velocity, attempt.source, attempt.kicked_s, float(rng.uniform(0, 2.0))
    ), i


def _add_scorer(actors: list[Actor], placed: set[int], attempt: SceneAttempt) -> tuple[list[Actor], int]:
    assert attempt.next_kick is not None
    t, position = attempt.next_kick
    i = _nearest(actors, placed, position, attempt.player.team, True)
    return _let_kick(actors, i, attempt.ball.legs[-2].start_velocity, position, t, 0.8), i


def _let_kick(
    actors: list[Actor], i: int, kick: Floats, position: Floats, t: float, speed: float
) -> list[Actor]:
    """Let actor i kick the ball with the right foot; kick: (3,) m/s of the ball, t: seconds."""
    direction = kick[:2] / max(float(np.linalg.norm(kick[:2])), 1e-6)
    left = np.array([-direction[1], direction[0]])
    start = (
        position[:2]
        - direction * 0.42
        + left * 0.14
        - direction * speed * SLOWDOWN_S * (1 - np.exp(-t / SLOWDOWN_S))
    )
    out = list(actors)
    out[i] = replace(
        actors[i],
        ground=(float(start[0]), float(start[1])),
        velocity=(float(speed * direction[0]), float(speed * direction[1])),
        facing=float(np.arctan2(direction[1], direction[0])),
        kicks_at=t,
    )
    return out


def _clear_the_way(
    rng: Generator, actors: list[Actor], placed: set[int], attempt: SceneAttempt, camera: Floats, end_s: float
) -> list[Actor]:
    """Move everyone else out of the path of the ball, the reach of the player and the line of sight."""
    out = list(actors)
    times = np.linspace(max(attempt.kicked_s, -0.1), end_s + 0.4, 40)
    path = attempt.ball.along(times)[:, :2]
    player = np.array(attempt.player.ground)
    sight = (camera[:2] - player) / np.linalg.norm(camera[:2] - player)
    across = np.array([-sight[1], sight[0]])

    def is_clear(ground: Floats, velocity: Floats) -> Bools:
        """Return (N,) whether people at ground (N, 2) with velocity (N, 2) are out of the way."""
        walk = ground[:, None] + velocity[:, None] * times[:, None]
        gap = np.linalg.norm(walk[:, :, None] - path, axis=-1).min(axis=(1, 2))
        offset = walk[:, [0, -1]] - player
        forward, sideways = offset @ sight, np.abs(offset @ across)
        occludes = ((forward > 0.3) & (forward < 9) & (sideways < 0.9)).any(axis=1)
        return np.asarray((gap > _CLEAR_M) & ~occludes & (np.linalg.norm(offset, axis=2).min(axis=1) > 1.2))

    # most of them are from the start
    clear = is_clear(np.array([a.ground for a in actors]), np.array([a.velocity for a in actors]))
    for i, actor in enumerate(actors):
        if i in placed or clear[i]:
            continue
        ground, velocity = np.array(actor.ground), np.array(actor.velocity)
        for _ in range(12):
            if is_clear(ground[None], velocity[None])[0]:
                break
            push = ground - path[int(np.linalg.norm(path - ground, axis=1).argmin())]
            push = push + across * np.sign(push @ across + 1e-6) * 0.5 + rng.normal(0, 0.2, 2)
            ground, velocity = ground + 0.7 * push / (np.linalg.norm(push) + 1e-6), velocity * 0.5
        else:
            ground = player - sight * 25 + across * rng.uniform(-15, 15)
        out[i] = replace(
            actor,
            ground=(float(ground[0]), float(ground[1])),
            velocity=(float(velocity[0]), float(velocity[1])),
        )
    return out
