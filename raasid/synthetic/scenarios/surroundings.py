"""Everyone else in a scripted scene: the kicker, the scorer, and people who keep out of the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from raasid.synthetic.actors import SLOWDOWN_S, Actor
from raasid.synthetic.arrays import Bools, Floats
from raasid.synthetic.player_placement import (
    MatchKits,
    add_markers,
    place_bystanders,
    place_teams,
    separate_players,
)
from raasid.synthetic.scenarios.attempt import SceneAttempt

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
