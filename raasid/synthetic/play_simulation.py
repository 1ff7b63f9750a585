"""Open play: people who stand and run, and a ball that is dribbled, passed, shot or lies still.

A `Play` is all that rendering needs to know of the game; scripted scenes provide one, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from raasid.synthetic.actors import SLOWDOWN_S, Actor, Cast
from raasid.synthetic.arrays import Floats
from raasid.synthetic.ball_physics import RADIUS_M, BallPath, follow, kicked
from raasid.synthetic.pitch import LENGTH_M, WIDTH_M, spots
from raasid.synthetic.player_placement import (
    MatchKits,
    add_markers,
    place_bystanders,
    place_teams,
    separate_players,
)


@dataclass(frozen=True, slots=True, eq=False)
class Play:
    """The people and the ball of one clip."""

    kind: str
    cast: Cast
    ball: BallPath | None
    """None if no ball is in play."""
    spare_ball: Floats | None
    """(3,) a second ball that lies beside the pitch."""


def simulate_play(rng: Generator, kits: MatchKits, duration: float) -> Play:
    """Simulate the play of one clip of `duration` seconds."""
    kind = str(
        rng.choice(
            ["dribble", "pass", "loft", "shot", "still", "none"], p=[0.37, 0.26, 0.15, 0.08, 0.11, 0.03]
        )
    )
    position = _on_a_line(rng) if rng.random() < 0.14 else _random_position(rng)
    if kind == "still" and rng.random() < 0.4:
        position = np.array(
            [rng.choice([-1, 1]) * rng.uniform(40, 51), rng.choice([-1, 1]) * rng.uniform(4, 33)]
        )
    actors = place_teams(rng, kits, position) + place_bystanders(rng, kits, position)
    carrier = _nearest_player(actors, position)
    heading = float(rng.uniform(0, 2 * np.pi))
    if np.sin(heading) > 0.3 and rng.random() < 0.6:
        # most runs away from the main stand, in which the legs hide the ball, are turned round
        heading = -heading
    ball: BallPath | None = None
    actors = add_markers(
        rng, actors, carrier, position, min_distance_m=float(rng.choice([0.6, 1.2, 1.8, 2.5]))
    )
    if kind == "dribble":
        actors[carrier], ball = _dribble(rng, actors[carrier], position, heading, duration)
    elif kind != "none":
        actors[carrier], ball = _kick(
            rng, actors[carrier], position, heading=heading, kind=kind, duration=duration
        )
        if kind in {"pass", "loft"} and rng.random() < 0.6:
            actors = _receive(rng, actors, carrier, ball.at(duration / 2)[:2])
    actors = separate_players(actors, carrier)
    spare_ball = None
    if rng.random() < 0.06:
        side = float(rng.choice([-1, 1]))
        spare_ball = np.array([position[0] + rng.uniform(-12, 12), side * rng.uniform(35.3, 37.5), RADIUS_M])
    return Play(kind, Cast(actors), ball, spare_ball)


def _nearest_player(actors: list[Actor], position: Floats) -> int:
    """Return the index of the nearest player."""
    gaps = [
        float(np.hypot(a.ground[0] - position[0], a.ground[1] - position[1])) if a.role == "player" else 1e9
        for a in actors
    ]
    return int(np.argmin(gaps))


def _dribble(
    rng: Generator, actor: Actor, position: Floats, heading: float, duration: float
) -> tuple[Actor, BallPath]:
    speed = float(rng.uniform(0.3, 6.5))
    direction = np.array([np.cos(heading), np.sin(heading)])
    left = np.array([-direction[1], direction[0]])
    reach, touch_s, start = rng.uniform(0.1, 0.5), rng.uniform(0.45, 0.8), rng.uniform(0, 1)
    sideways = float(rng.uniform(-0.18, 0.18))
    offset = position - direction * 0.45

    def at_feet(t: float) -> tuple[float, float, float]:
        travelled = speed * SLOWDOWN_S * (1 - np.exp(-t / SLOWDOWN_S))
        ahead = 0.32 + reach * abs(np.sin(np.pi * (t / touch_s + start)))
        x, y = offset + direction * (travelled + ahead) + left * sideways
        return float(x), float(y), RADIUS_M

    runner = replace(
        actor, ground=(float(offset[0]), float(offset[1])), velocity=tuple(speed * direction), facing=heading
    )
    return runner, follow(at_feet, duration)


def _kick(
    rng: Generator, actor: Actor, position: Floats, *, heading: float, kind: str, duration: float
) -> tuple[Actor, BallPath]:
    direction = np.array([np.cos(heading), np.sin(heading)])
    left = np.array([-direction[1], direction[0]])
    latest = duration if kind == "still" else min(0.1, duration)
    kicked_at = {
        "pass": rng.uniform(-1.0, latest),
        "loft": rng.uniform(-1.6, min(0.0, latest)),
        "shot": rng.uniform(-0.35, latest),
        "still": rng.uniform(0.25, 3.0) + duration,
    }[kind]
    speed = {
        "pass": rng.uniform(6, 17),
        "loft": rng.uniform(13, 24),
        "shot": rng.uniform(18, 29),
        "still": 9.0,
    }[kind]
    climb = {
        "pass": rng.uniform(0, 0.06),
        "loft": rng.uniform(0.25, 0.75),
        "shot": rng.uniform(0.02, 0.25),
        "still": 0.0,
    }[kind]
    velocity = speed * np.array([direction[0] * np.cos(climb), direction[1] * np.cos(climb), np.sin(climb)])
    path = kicked(np.array([position[0], position[1], RADIUS_M]), velocity, kicked_at, duration)
    run_up = float(rng.uniform(0.0, 3.0))
    at_kick = position - direction * 0.42 + left * 0.14
    start = at_kick - direction * run_up * SLOWDOWN_S * (1 - np.exp(-kicked_at / SLOWDOWN_S))
    kicker = replace(
        actor,
        ground=(float(start[0]), float(start[1])),
        velocity=tuple(run_up * direction),
        facing=heading,
        kicks_at=float(kicked_at),
    )
    return kicker, path


def _receive(rng: Generator, actors: list[Actor], carrier: int, position: Floats) -> list[Actor]:
    """Send the player who is nearest to the ball towards it."""
    distances = [
        (float(np.hypot(a.ground[0] - position[0], a.ground[1] - position[1])), i)
        for i, a in enumerate(actors)
        if a.role == "player" and i != carrier
    ]
    receiver = min(distances)[1]
    angle, gap, speed = rng.uniform(0, 2 * np.pi), 0.35 + rng.gamma(1.5, 0.5), rng.uniform(0.5, 5.5)
    direction = np.array([np.cos(angle), np.sin(angle)])
    at = position + direction * gap
    out = list(actors)
    out[receiver] = replace(
        actors[receiver],
        ground=(float(at[0]), float(at[1])),
        velocity=tuple(-speed * direction),
        facing=float(angle + np.pi),
    )
    return out


def _random_position(rng: Generator) -> Floats:
    return np.array([np.clip(rng.normal(0, 26), -50, 50), rng.uniform(-31, 31)])


def _on_a_line(rng: Generator) -> Floats:
    """Draw a position on white paint: a spot, a line or the centre circle."""
    kind, side = int(rng.integers(5)), float(rng.choice([-1, 1]))
    if kind == 0:
        return np.array(spots()[int(rng.integers(3))])
    if kind == 1:
        angle = rng.uniform(0, 2 * np.pi)
        return 9.15 * np.array([np.cos(angle), np.sin(angle)])
    if kind == 2:
        return np.array([rng.uniform(-50, 50), side * WIDTH_M / 2])
    if kind == 3:
        return np.array([0.0, rng.uniform(-33, 33)])
    return np.array([side * (LENGTH_M / 2 - 16.5), rng.uniform(-20, 20)])
