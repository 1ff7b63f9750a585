"""What happens in a clip: who stands and runs where, and what the ball does.

A `Play` is all that the images need to know of the game, so a scripted scene can stand in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from raasid.footage.records import Role
from raasid.synthetic.actors import SLOWDOWN_S, Actor, Cast
from raasid.synthetic.arrays import Floats
from raasid.synthetic.ball_physics import RADIUS_M, BallPath, follow, kicked
from raasid.synthetic.clothing import Kit, Outfit, draw_civilian_outfit, draw_outfit
from raasid.synthetic.pitch import LENGTH_M, WIDTH_M, spots
from raasid.synthetic.skeleton import STYLE

_SHAPE = np.array(
    [[-30, -18], [-32, -6], [-32, 6], [-30, 18], [-12, -20], [-15, -6], [-15, 6], [-12, 20], [4, -7], [6, 7]],
    dtype=np.float64,
)
"""A 4-4-2 that attacks towards +x, metres."""


@dataclass(frozen=True, slots=True, eq=False)
class Play:
    """One clip's worth of football."""

    kind: str
    cast: Cast
    ball: BallPath | None
    """None when no ball is in play."""
    spare_ball: Floats | None
    """(3,) a second ball that lies beside the pitch."""


@dataclass(frozen=True, slots=True)
class MatchKits:
    """The kits of a match."""

    home: Kit
    away: Kit
    keepers: tuple[Kit, Kit]
    officials: Kit


def actor_at(
    rng: Generator, ground: Floats, outfit: Outfit, *, track: int, role: Role, team: str | None = None
) -> Actor:
    """Somebody at `ground` (2,), metres, with a pace, a heading and a build of his own."""
    pace = float(rng.choice([0.0, 1.3, 3.0, 5.5], p=[0.22, 0.33, 0.30, 0.15]) * rng.uniform(0.7, 1.3))
    heading = float(rng.uniform(0, 2 * np.pi))
    velocity = (pace * np.cos(heading), pace * np.sin(heading))
    style = tuple(float(s) for s in rng.standard_normal(STYLE))
    phase = float(rng.uniform(0, 2 * np.pi))
    height = float(np.clip(rng.normal(1.82, 0.065), 1.66, 2.0))
    return Actor(
        track,
        role,
        team,
        outfit,
        (float(ground[0]), float(ground[1])),
        velocity,
        heading,
        height,
        phase,
        style,
    )


def place_teams(rng: Generator, kits: MatchKits, focus: Floats) -> list[Actor]:
    """Two teams in shape around the ball."""
    out: list[Actor] = []
    limit = np.array([LENGTH_M / 2, WIDTH_M / 2]) - 1.0
    for side, (name, kit) in enumerate((("home", kits.home), ("away", kits.away))):
        way = 1.0 if side == 0 else -1.0
        shape = _SHAPE * np.array([0.55 * way, 0.75]) + focus * np.array([0.75, 0.45])
        spots = np.clip(shape + rng.normal(0, 4.0, shape.shape), -limit, limit)
        out += [
            actor_at(rng, p, draw_outfit(rng, kit), track=side * 20 + 1 + i, role="player", team=name)
            for i, p in enumerate(spots)
        ]
        goal = np.array([-way * (LENGTH_M / 2 - rng.uniform(1, 12)), focus[1] * 0.15])
        gloves = draw_outfit(rng, kits.keepers[side], keeper=True)
        keeper = actor_at(rng, goal, gloves, track=side * 20 + 11, role="goalkeeper", team=name)
        toward = np.arctan2(*(focus - goal)[::-1])
        out.append(replace(keeper, velocity=(0.0, 0.0), facing=float(toward)))
    return out


def place_bystanders(rng: Generator, kits: MatchKits, focus: Floats) -> list[Actor]:
    """Officials, coaches, ball-boys and photographers."""
    near = focus + rng.uniform(7, 15) * np.array([np.cos(a := rng.uniform(0, 2 * np.pi)), np.sin(a)])
    out = [actor_at(rng, near, draw_outfit(rng, kits.officials), track=50, role="referee")]
    for track, y in ((51, -WIDTH_M / 2 - 0.8), (52, WIDTH_M / 2 + 0.8)):
        x = float(np.clip(focus[0] + rng.normal(0, 10), -52, 52))
        line = actor_at(rng, np.array([x, y]), draw_outfit(rng, kits.officials), track=track, role="referee")
        out.append(replace(line, velocity=(line.velocity[0], 0.0), facing=-np.sign(y) * np.pi / 2))
    vests = [(60, 235, 200), (40, 120, 240), (30, 28, 28), (50, 46, 44), (200, 205, 205), (60, 50, 120)]
    for track in range(60, 60 + int(rng.integers(5, 12))):
        far = rng.random() < 0.5
        y = rng.uniform(36.5, 38.0) if far else -rng.uniform(35.6, 37.0)
        x = float(np.clip(focus[0] + rng.uniform(-30, 30), -54, 54))
        shirt = vests[int(rng.integers(len(vests)))]
        someone = actor_at(
            rng, np.array([x, y]), draw_civilian_outfit(rng, shirt, (36, 32, 32)), track=track, role="other"
        )
        out.append(
            replace(someone, velocity=(0.0, 0.0), facing=float(-np.sign(y) * np.pi / 2 + rng.normal(0, 0.5)))
        )
    return out


def separate_players(actors: list[Actor], keep: int) -> list[Actor]:
    """Nobody stands inside somebody else; actor `keep` does not give way."""
    p = np.array([a.ground for a in actors])
    for _ in range(3):
        gap = p[:, None] - p[None]
        distance = np.linalg.norm(gap, axis=-1) + np.eye(len(p)) * 9
        push = (
            np.where(distance < 0.7, (0.7 - distance) / 2, 0.0)[..., None]
            * gap
            / (distance[..., None] + 1e-6)
        )
        move = push.sum(axis=1)
        move[keep] = 0.0
        p = p + move
    return [replace(a, ground=(float(x), float(y))) for a, (x, y) in zip(actors, p, strict=True)]


def add_markers(
    rng: Generator, actors: list[Actor], carrier: int, place: Floats, close: float
) -> list[Actor]:
    """Opponents who close the ball down, and a team-mate or two who offer themselves."""
    out = list(actors)
    mine = actors[carrier].team
    for i, a in enumerate(actors):
        if a.role != "player" or i == carrier or rng.random() > (0.22 if a.team != mine else 0.1):
            continue
        distance = close + rng.gamma(2.0, 1.6)
        angle = rng.uniform(0, 2 * np.pi)
        at = place + distance * np.array([np.cos(angle), np.sin(angle)])
        pace = rng.uniform(0.5, 5.0)
        to_ball = place - at + rng.normal(0, 1.0, 2)
        to_ball /= np.linalg.norm(to_ball) + 1e-6
        out[i] = replace(
            a,
            ground=(float(at[0]), float(at[1])),
            velocity=tuple(pace * to_ball),
            facing=float(np.arctan2(to_ball[1], to_ball[0])),
        )
    return out


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
