"""What happens in a clip: who stands and runs where, and what the ball does.

A `Play` is all that the images need to know of the game, so a scripted scene can stand in its place.
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
    """One clip's worth of football."""

    kind: str
    cast: Cast
    ball: BallPath | None
    """None when no ball is in play."""
    spare_ball: Floats | None
    """(3,) a second ball that lies beside the pitch."""


def _carrier(actors: list[Actor], place: Floats) -> int:
    """Whoever of the players is nearest."""
    gaps = [
        float(np.hypot(a.ground[0] - place[0], a.ground[1] - place[1])) if a.role == "player" else 1e9
        for a in actors
    ]
    return int(np.argmin(gaps))


def _dribble(
    rng: Generator, actor: Actor, place: Floats, heading: float, duration: float
) -> tuple[Actor, BallPath]:
    pace = float(rng.uniform(0.3, 6.5))
    way = np.array([np.cos(heading), np.sin(heading)])
    left = np.array([-way[1], way[0]])
    reach, beat, start = rng.uniform(0.1, 0.5), rng.uniform(0.45, 0.8), rng.uniform(0, 1)
    aside = float(rng.uniform(-0.18, 0.18))
    offset = place - way * 0.45

    def at_feet(t: float) -> tuple[float, float, float]:
        travelled = pace * SLOWDOWN_S * (1 - np.exp(-t / SLOWDOWN_S))
        ahead = 0.32 + reach * abs(np.sin(np.pi * (t / beat + start)))
        x, y = offset + way * (travelled + ahead) + left * aside
        return float(x), float(y), RADIUS_M

    runner = replace(
        actor, ground=(float(offset[0]), float(offset[1])), velocity=tuple(pace * way), facing=heading
    )
    return runner, follow(at_feet, duration)


def _kick(
    rng: Generator, actor: Actor, place: Floats, *, heading: float, kind: str, duration: float
) -> tuple[Actor, BallPath]:
    way = np.array([np.cos(heading), np.sin(heading)])
    left = np.array([-way[1], way[0]])
    latest = duration if kind == "still" else min(0.1, duration)
    when = {
        "pass": rng.uniform(-1.0, latest),
        "loft": rng.uniform(-1.6, min(0.0, latest)),
        "shot": rng.uniform(-0.35, latest),
        "still": rng.uniform(0.25, 3.0) + duration,
    }[kind]
    pace = {
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
    velocity = pace * np.array([way[0] * np.cos(climb), way[1] * np.cos(climb), np.sin(climb)])
    path = kicked(np.array([place[0], place[1], RADIUS_M]), velocity, when, duration)
    run = float(rng.uniform(0.0, 3.0))
    at_kick = place - way * 0.42 + left * 0.14
    now = at_kick - way * run * SLOWDOWN_S * (1 - np.exp(-when / SLOWDOWN_S))
    kicker = replace(
        actor,
        ground=(float(now[0]), float(now[1])),
        velocity=tuple(run * way),
        facing=heading,
        kicks_at=float(when),
    )
    return kicker, path


def _receive(rng: Generator, actors: list[Actor], player: int, place: Floats) -> list[Actor]:
    """Whoever is nearest to where the ball has come goes for it."""
    free = [(float(np.hypot(a.ground[0] - place[0], a.ground[1] - place[1])), i) for i, a in enumerate(actors)
            if a.role == "player" and i != player]  # fmt: skip
    taker = min(free)[1]
    angle, gap, pace = rng.uniform(0, 2 * np.pi), 0.35 + rng.gamma(1.5, 0.5), rng.uniform(0.5, 5.5)
    way = np.array([np.cos(angle), np.sin(angle)])
    at = place + way * gap
    out = list(actors)
    out[taker] = replace(
        actors[taker],
        ground=(float(at[0]), float(at[1])),
        velocity=tuple(-pace * way),
        facing=float(angle + np.pi),
    )
    return out


def _anywhere(rng: Generator) -> Floats:
    return np.array([np.clip(rng.normal(0, 26), -50, 50), rng.uniform(-31, 31)])


def _on_a_line(rng: Generator) -> Floats:
    """A place where the ball lies on paint: a spot, a line or the centre circle."""
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


def simulate_play(rng: Generator, kits: MatchKits, duration: float) -> Play:
    """Draw the play of one clip of `duration` seconds."""
    kind = str(
        rng.choice(
            ["dribble", "pass", "loft", "shot", "still", "none"], p=[0.37, 0.26, 0.15, 0.08, 0.11, 0.03]
        )
    )
    place = _on_a_line(rng) if rng.random() < 0.14 else _anywhere(rng)
    if kind == "still" and rng.random() < 0.4:
        place = np.array(
            [rng.choice([-1, 1]) * rng.uniform(40, 51), rng.choice([-1, 1]) * rng.uniform(4, 33)]
        )
    actors = place_teams(rng, kits, place) + place_bystanders(rng, kits, place)
    player = _carrier(actors, place)
    heading = float(rng.uniform(0, 2 * np.pi))
    if np.sin(heading) > 0.3 and rng.random() < 0.6:
        # whoever runs away from the main stand hides the ball behind his legs; most of them turn
        heading = -heading
    ball: BallPath | None = None
    actors = add_markers(rng, actors, player, place, close=float(rng.choice([0.6, 1.2, 1.8, 2.5])))
    if kind == "dribble":
        actors[player], ball = _dribble(rng, actors[player], place, heading, duration)
    elif kind != "none":
        actors[player], ball = _kick(
            rng, actors[player], place, heading=heading, kind=kind, duration=duration
        )
        if kind in {"pass", "loft"} and rng.random() < 0.6:
            actors = _receive(rng, actors, player, ball.at(duration / 2)[:2])
    actors = separate_players(actors, player)
    spare_ball = None
    if rng.random() < 0.06:
        side = float(rng.choice([-1, 1]))
        spare_ball = np.array([place[0] + rng.uniform(-12, 12), side * rng.uniform(35.3, 37.5), RADIUS_M])
    return Play(kind, Cast(actors), ball, spare_ball)
