"""Surroundings."""

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
"""So far from the ball's way everybody else keeps."""


def build_cast(
    rng: Generator, attempt: SceneAttempt, kits: MatchKits, camera: Floats, end_s: float
) -> tuple[list[Actor], int]:
    """All actors of the scene, and which of them is the player."""
    place = np.array(attempt.player.ground)
    actors = place_teams(rng, kits, place)
    mine = [
        i for i, a in enumerate(actors) if a.team == attempt.player.team and a.role == attempt.player.role
    ]
    player = min(mine, key=lambda i: float(np.linalg.norm(np.array(actors[i].ground) - place)))
    actors[player] = replace(attempt.player, track=actors[player].track)
    actors = add_markers(rng, actors, player, place, close=1.6)
    placed = {player}
    # who shoots is an opponent; a cross for an attacker comes from his own side
    attacking = "goal_mouth" in attempt.script.zones
    actors, kicker = _kicks(rng, actors, placed, attempt, attacking)
    placed.add(kicker)
    if attempt.next_kick is not None and attempt.script.ending == "mate_scores":
        actors, mate = _scores(actors, placed, attempt)
        placed.add(mate)
    everybody = actors + place_bystanders(rng, kits, place)
    everybody = separate_players(everybody, player)
    for i in placed:
        everybody[i] = actors[i]
    return _give_way(rng, everybody, placed, attempt, camera, end_s), player


def _nearest(actors: list[Actor], placed: set[int], where: Floats, team: str | None, same: bool) -> int:
    free = [
        i for i, a in enumerate(actors) if i not in placed and a.role == "player" and (a.team == team) == same
    ]
    return min(free, key=lambda i: float(np.linalg.norm(np.array(actors[i].ground) - where[:2])))


def _kicks(
    rng: Generator, actors: list[Actor], placed: set[int], attempt: SceneAttempt, mate: bool
) -> tuple[list[Actor], int]:
    leg = next(leg for leg in attempt.ball.legs if leg.start_s >= attempt.kicked_s - 1e-9)
    i = _nearest(actors, placed, attempt.source, attempt.player.team, mate)
    return _kicking(actors, i, leg.leaves, attempt.source, attempt.kicked_s, float(rng.uniform(0, 2.0))), i


def _scores(actors: list[Actor], placed: set[int], attempt: SceneAttempt) -> tuple[list[Actor], int]:
    assert attempt.next_kick is not None
    when, where = attempt.next_kick
    i = _nearest(actors, placed, where, attempt.player.team, True)
    return _kicking(actors, i, attempt.ball.legs[-2].leaves, where, when, 0.8), i


def _kicking(
    actors: list[Actor], i: int, leaves: Floats, where: Floats, when: float, pace: float
) -> list[Actor]:
    """Actor i plays the ball there and then with the right foot."""
    way = leaves[:2] / max(float(np.linalg.norm(leaves[:2])), 1e-6)
    left = np.array([-way[1], way[0]])
    stands = where[:2] - way * 0.42 + left * 0.14 - way * pace * SLOWDOWN_S * (1 - np.exp(-when / SLOWDOWN_S))
    out = list(actors)
    out[i] = replace(
        actors[i],
        ground=(float(stands[0]), float(stands[1])),
        velocity=(float(pace * way[0]), float(pace * way[1])),
        facing=float(np.arctan2(way[1], way[0])),
        kicks_at=when,
    )
    return out


def _give_way(
    rng: Generator, actors: list[Actor], placed: set[int], attempt: SceneAttempt, camera: Floats, end_s: float
) -> list[Actor]:
    """Nobody else stands in the ball's way, in the player's arms or before the lens."""
    out = list(actors)
    times = np.linspace(max(attempt.kicked_s, -0.1), end_s + 0.4, 40)
    way = attempt.ball.along(times)[:, :2]
    at = np.array(attempt.player.ground)
    sight = (camera[:2] - at) / np.linalg.norm(camera[:2] - at)
    across = np.array([-sight[1], sight[0]])

    def stands_aside(ground: Floats, velocity: Floats) -> Bools:
        """(N,) of people at ground (N, 2), with velocity (N, 2)."""
        walks = ground[:, None] + velocity[:, None] * times[:, None]
        gap = np.linalg.norm(walks[:, :, None] - way, axis=-1).min(axis=(1, 2))
        offset = walks[:, [0, -1]] - at
        near, aside = offset @ sight, np.abs(offset @ across)
        hides = ((near > 0.3) & (near < 9) & (aside < 0.9)).any(axis=1)
        return np.asarray((gap > _CLEAR_M) & ~hides & (np.linalg.norm(offset, axis=2).min(axis=1) > 1.2))

    # most of them do from the start
    aside = stands_aside(np.array([a.ground for a in actors]), np.array([a.velocity for a in actors]))
    for i, actor in enumerate(actors):
        if i in placed or aside[i]:
            continue
        ground, velocity = np.array(actor.ground), np.array(actor.velocity)
        for _ in range(12):
            if stands_aside(ground[None], velocity[None])[0]:
                break
            push = ground - way[int(np.linalg.norm(way - ground, axis=1).argmin())]
            push = push + across * np.sign(push @ across + 1e-6) * 0.5 + rng.normal(0, 0.2, 2)
            ground, velocity = ground + 0.7 * push / (np.linalg.norm(push) + 1e-6), velocity * 0.5
        else:
            ground = at - sight * 25 + across * rng.uniform(-15, 15)
        out[i] = replace(
            actor,
            ground=(float(ground[0]), float(ground[1])),
            velocity=(float(velocity[0]), float(velocity[1])),
        )
    return out
