"""Putting somebody between the camera and the ball."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from raasid.data.synthetic.arrays import Floats
from raasid.data.synthetic.cast import TIRING_S, Cast
from raasid.data.synthetic.motion import Play


def occluded(rng: Generator, play: Play, camera: Floats, when: float, share: float) -> Play:
    """The play, in `share` of the cases with a player on the line of sight to the ball at time `when`.

    camera: (3,) metres. Whoever has a part in the play (the nearest player, kickers, scripted ones) stays.
    """
    wanted, away, aside = rng.random(3).tolist()
    if play.ball is None or wanted >= share:
        return play
    ball = play.ball.at(when)
    places = play.cast.ground(when)
    actors = list(play.cast.actors)
    nearest = int(np.linalg.norm(places - ball[:2], axis=1).argmin())
    free = [
        i
        for i, a in enumerate(actors)
        if a.role == "player" and i != nearest and np.isnan(a.kicks_at) and i not in play.cast.scripts
    ]
    if not free:
        return play
    i = min(free, key=lambda j: float(np.linalg.norm(places[j] - ball[:2])))
    sight = (camera - ball) / np.linalg.norm(camera - ball)
    # so near that the line of sight still runs below his head
    rise = max(float(sight[2] / np.linalg.norm(sight[:2])), 1e-3)
    furthest = max((1.6 - float(ball[2])) / rise, 0.9)
    gap = min(0.8 + 1.2 * away, furthest)
    way = sight[:2] / np.linalg.norm(sight[:2])
    at = ball[:2] + way * gap + np.array([-way[1], way[0]]) * (aside - 0.5) * 0.4
    velocity = np.array(actors[i].velocity) * 0.25
    start = at - velocity * TIRING_S * (1 - np.exp(-when / TIRING_S))
    actors[i] = replace(
        actors[i],
        ground=(float(start[0]), float(start[1])),
        velocity=(float(velocity[0]), float(velocity[1])),
    )
    return replace(play, cast=Cast(actors, play.cast.scripts))
