"""The path of the ball: flight with drag, bounces and rolling, or a given function of time."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from raasid.synthetic.arrays import Floats

RADIUS_M = 0.11
STEP_S = 0.004
LEAD_IN_S = 0.1
"""Paths begin this long before time 0, for exposures and lagging cameras."""
GRAVITY = 9.81
DRAG_PER_M = 0.013
"""Half the air density times area times drag coefficient over mass: 0.25 * 1.2 * 0.038 / 0.43, per metre."""
_ROLLING = 1.1
"""Deceleration on cut grass, m/s^2."""

Triple = tuple[float, float, float]
"""A position in metres or a velocity in m/s."""


class BallPath:
    """A trajectory sampled every `STEP_S` from `-LEAD_IN_S` on."""

    def __init__(self, points: Floats) -> None:
        self._points = points
        # read dozens of times per frame, where lists are faster than rows of an array
        self._rows: list[list[float]] = points.tolist()

    def at(self, t: float) -> Floats:
        """Return (3,) metres; outside the sampled time the first or last position."""
        position = min(max((t + LEAD_IN_S) / STEP_S, 0.0), len(self._points) - 1.0)
        i = min(int(position), len(self._points) - 2)
        share, here, after = position - i, self._rows[i], self._rows[i + 1]
        return np.array([a + (b - a) * share for a, b in zip(here, after, strict=True)])

    def along(self, times: Floats) -> Floats:
        """Return (T, 3) metres at times (T,)."""
        position = np.clip((times + LEAD_IN_S) / STEP_S, 0.0, len(self._points) - 1.0)
        i = np.minimum(position.astype(int), len(self._points) - 2)
        here = self._points[i]
        return np.asarray(here + (self._points[i + 1] - here) * (position - i)[:, None])

    def velocity(self, t: float) -> Floats:
        """Return (3,) m/s."""
        return (self.at(t + STEP_S) - self.at(t - STEP_S)) / (2 * STEP_S)


def follow(position_at: Callable[[float], tuple[float, float, float]], duration: float) -> BallPath:
    """Return the path of a given function from seconds since the start of the clip to metres."""
    times = np.arange(int((duration + 2 * LEAD_IN_S) / STEP_S) + 2) * STEP_S - LEAD_IN_S
    return BallPath(np.array([position_at(float(t)) for t in times]))


def kicked(position: Floats, velocity: Floats, kicked_at: float, duration: float) -> BallPath:
    """Simulate a ball that rests at `position` (3,) until it is kicked with `velocity` (3,), m/s."""
    start = min(kicked_at, -LEAD_IN_S)
    skip = round((-LEAD_IN_S - start) / STEP_S)
    steps = int((duration + 2 * LEAD_IN_S) / STEP_S) + 2 + skip
    out: list[Triple] = []
    p, v = triple(position), triple(velocity)
    for i in range(steps):
        out.append(p)
        if start + i * STEP_S < kicked_at:
            continue
        p, v = step(p, v)
    return BallPath(np.array(out[skip:]))


def triple(values: Floats) -> Triple:
    """Return an array (3,) as plain numbers, with which thousands of small steps are many times faster."""
    x, y, z = values.tolist()
    return float(x), float(y), float(z)


def step(p: Triple, v: Triple) -> tuple[Triple, Triple]:
    """Return position and velocity one `STEP_S` later: drag, gravity, bounces, rolling."""
    (x, y, z), (vx, vy, vz) = p, v
    speed = sqrt(vx * vx + vy * vy + vz * vz)
    if z <= RADIUS_M + 1e-3 and abs(vz) < 0.6:
        slower = max(0.0, 1 - _ROLLING * STEP_S / max(speed, 1e-6))
        vx, vy = vx * slower, vy * slower
        return (x + vx * STEP_S, y + vy * STEP_S, RADIUS_M), (vx, vy, 0.0)
    drag = DRAG_PER_M * speed
    vx -= STEP_S * (drag * vx)
    vy -= STEP_S * (drag * vy)
    vz -= STEP_S * (drag * vz + GRAVITY)
    x, y, z = x + vx * STEP_S, y + vy * STEP_S, z + vz * STEP_S
    if z < RADIUS_M:
        z, vx, vy, vz = RADIUS_M, vx * 0.78, vy * 0.78, vz * -0.62
    return (x, y, z), (vx, vy, vz)
