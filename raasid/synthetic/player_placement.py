"""Where people are at the start of a clip: two teams around the ball, officials, people beside the pitch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from raasid.footage.records import Role
from raasid.synthetic.actors import Actor
from raasid.synthetic.arrays import Floats
from raasid.synthetic.clothing import Kit, Outfit, draw_civilian_outfit, draw_outfit
from raasid.synthetic.pitch import LENGTH_M, WIDTH_M
from raasid.synthetic.skeleton import NUM_STYLE

_FORMATION = np.array(
    [[-30, -18], [-32, -6], [-32, 6], [-30, 18], [-12, -20], [-15, -6], [-15, 6], [-12, 20], [4, -7], [6, 7]],
    dtype=np.float64,
)
"""A 4-4-2 that attacks towards +x, metres."""
_MIN_GAP_M = 0.7
_VESTS = [(60, 235, 200), (40, 120, 240), (30, 28, 28), (50, 46, 44), (200, 205, 205), (60, 50, 120)]


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
    """Draw a person at `ground` (2,), metres, with random speed, heading and build."""
    speed = float(rng.choice([0.0, 1.3, 3.0, 5.5], p=[0.22, 0.33, 0.30, 0.15]) * rng.uniform(0.7, 1.3))
    heading = float(rng.uniform(0, 2 * np.pi))
    velocity = (speed * np.cos(heading), speed * np.sin(heading))
    style = tuple(float(s) for s in rng.standard_normal(NUM_STYLE))
    phase = float(rng.uniform(0, 2 * np.pi))
    height = float(np.clip(rng.normal(1.82, 0.065), 1.66, 2.0))
    position = (float(ground[0]), float(ground[1]))
    return Actor(track, role, team, outfit, position, velocity, heading, height, phase, style)


def place_teams(rng: Generator, kits: MatchKits, focus: Floats) -> list[Actor]:
    """Place two teams in formation around the ball at `focus` (2,), metres."""
    out: list[Actor] = []
    limit = np.array([LENGTH_M / 2, WIDTH_M / 2]) - 1.0
    for side, (name, kit) in enumerate((("home", kits.home), ("away", kits.away))):
        sign = 1.0 if side == 0 else -1.0
        formation = _FORMATION * np.array([0.55 * sign, 0.75]) + focus * np.array([0.75, 0.45])
        positions = np.clip(formation + rng.normal(0, 4.0, formation.shape), -limit, limit)
        out += [
            actor_at(rng, p, draw_outfit(rng, kit), track=side * 20 + 1 + i, role="player", team=name)
            for i, p in enumerate(positions)
        ]
        goal = np.array([-sign * (LENGTH_M / 2 - rng.uniform(1, 12)), focus[1] * 0.15])
        outfit = draw_outfit(rng, kits.keepers[side], keeper=True)
        keeper = actor_at(rng, goal, outfit, track=side * 20 + 11, role="goalkeeper", team=name)
        to_ball = np.arctan2(*(focus - goal)[::-1])
        out.append(replace(keeper, velocity=(0.0, 0.0), facing=float(to_ball)))
    return out


def place_bystanders(rng: Generator, kits: MatchKits, focus: Floats) -> list[Actor]:
    """Place officials, coaches, ball-boys and photographers."""
    near = focus + rng.uniform(7, 15) * np.array([np.cos(a := rng.uniform(0, 2 * np.pi)), np.sin(a)])
    out = [actor_at(rng, near, draw_outfit(rng, kits.officials), track=50, role="referee")]
    for track, y in ((51, -WIDTH_M / 2 - 0.8), (52, WIDTH_M / 2 + 0.8)):
        x = float(np.clip(focus[0] + rng.normal(0, 10), -52, 52))
        outfit = draw_outfit(rng, kits.officials)
        assistant = actor_at(rng, np.array([x, y]), outfit, track=track, role="referee")
        velocity = (assistant.velocity[0], 0.0)
        out.append(replace(assistant, velocity=velocity, facing=-np.sign(y) * np.pi / 2))
    for track in range(60, 60 + int(rng.integers(5, 12))):
        far = rng.random() < 0.5
        y = rng.uniform(36.5, 38.0) if far else -rng.uniform(35.6, 37.0)
        x = float(np.clip(focus[0] + rng.uniform(-30, 30), -54, 54))
        shirt = _VESTS[int(rng.integers(len(_VESTS)))]
        outfit = draw_civilian_outfit(rng, shirt, (36, 32, 32))
        person = actor_at(rng, np.array([x, y]), outfit, track=track, role="other")
        facing = float(-np.sign(y) * np.pi / 2 + rng.normal(0, 0.5))
        out.append(replace(person, velocity=(0.0, 0.0), facing=facing))
    return out


def add_markers(
    rng: Generator, actors: list[Actor], carrier: int, position: Floats, min_distance_m: float
) -> list[Actor]:
    """Move some opponents towards the ball at `position` (2,), and a few team-mates into its reach."""
    out = list(actors)
    team = actors[carrier].team
    for i, a in enumerate(actors):
        if a.role != "player" or i == carrier or rng.random() > (0.22 if a.team != team else 0.1):
            continue
        distance = min_distance_m + rng.gamma(2.0, 1.6)
        angle = rng.uniform(0, 2 * np.pi)
        at = position + distance * np.array([np.cos(angle), np.sin(angle)])
        speed = rng.uniform(0.5, 5.0)
        to_ball = position - at + rng.normal(0, 1.0, 2)
        to_ball /= np.linalg.norm(to_ball) + 1e-6
        out[i] = replace(
            a,
            ground=(float(at[0]), float(at[1])),
            velocity=tuple(speed * to_ball),
            facing=float(np.arctan2(to_ball[1], to_ball[0])),
        )
    return out


def separate_players(actors: list[Actor], fixed: int) -> list[Actor]:
    """Push people apart who overlap; actor `fixed` does not move."""
    positions = np.array([a.ground for a in actors])
    for _ in range(3):
        gap = positions[:, None] - positions[None]
        distance = np.linalg.norm(gap, axis=-1) + np.eye(len(positions)) * 9
        overlap = np.where(distance < _MIN_GAP_M, (_MIN_GAP_M - distance) / 2, 0.0)
        push = overlap[..., None] * gap / (distance[..., None] + 1e-6)
        move = push.sum(axis=1)
        move[fixed] = 0.0
        positions = positions + move
    return [replace(a, ground=(float(x), float(y))) for a, (x, y) in zip(actors, positions, strict=True)]
