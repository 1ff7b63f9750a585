"""How people move their limbs: standing, walking, running, kicking, keeping goal."""

from __future__ import annotations

import numpy as np

from raasid.data.synthetic.arrays import Floats
from raasid.data.synthetic.skeleton import Angles

STYLE = 8
"""Numbers (standard normal) that make one person's posture differ from another's."""


def stride_hz(speed: Floats) -> Floats:
    """Full gait cycles per second at a speed in m/s."""
    return 0.80 + 0.12 * speed


def angles(phase: Floats, speed: Floats, since_kick: Floats, keeper: Floats, style: Floats) -> Angles:
    """Posture of N people.

    phase: (N,) radians of the gait cycle. speed: (N,) m/s. since_kick: (N,) seconds, NaN for who does not
    kick. keeper: (N,) 1 for a goalkeeper at the ready. style: (N, STYLE).
    """
    cycle = phase[:, None] + np.array([0.0, np.pi])
    # a speed is never below 0
    v, still = speed[:, None], np.exp(-speed)[:, None]
    swing = np.minimum(0.11 * v, 0.78)
    hip = swing * np.sin(cycle) + 0.02 * v + 0.03
    knee = 0.10 + np.minimum(0.20 + 0.25 * v, 1.8) * (1 - still) * np.maximum(0, np.cos(cycle + 0.4)) ** 1.5
    spread = 0.04 + still * np.abs(0.10 * style[:, 0:1]) + np.zeros_like(hip)
    arm = np.minimum(0.10 * v, 0.85)
    shoulder = -arm * np.sin(cycle) + still * 0.15 * style[:, 1:3]
    raised = 0.14 + 0.05 * np.abs(style[:, 3:4]) + 0.25 * still * np.maximum(0, style[:, 4:6] - 0.6)
    elbow = np.minimum(0.25 + 0.2 * v, 1.65) + still * 1.2 * np.maximum(0, style[:, 4:6] - 0.9)
    lean = np.clip(0.02 + 0.028 * speed + 0.05 * style[:, 6], -0.1, 0.4)
    look = 0.5 * style[:, 7]

    guard = keeper[:, None]
    hip = hip + 0.55 * guard
    knee = knee + 0.85 * guard
    raised = raised + 0.45 * guard
    elbow = elbow + 0.6 * guard
    lean = lean + 0.3 * keeper

    kicks = np.isfinite(since_kick)
    if kicks.any():
        raised = _kicked(hip, knee, raised, np.where(kicks, since_kick, 9.0))
    return Angles(hip, knee, spread, shoulder, raised, elbow, lean, look)


def _kicked(hip: Floats, knee: Floats, raised: Floats, t: Floats) -> Floats:
    """Put the kick into hip and knee (N, 2), and give `raised` (N, 2) with it; t: (N,) seconds since then."""
    # the kicking leg is the right one: back at -0.15 s, through the ball at 0, up to the front at +0.15 s
    leg = np.interp(t, [-0.45, -0.15, 0.0, 0.14, 0.5], [0.2, -0.75, 0.30, 1.05, 0.2])
    fold = np.interp(t, [-0.45, -0.15, 0.0, 0.14, 0.5], [0.3, 1.35, 0.25, 0.15, 0.3])
    part = np.interp(t, [-0.5, -0.3, 0.3, 0.6], [0.0, 1.0, 1.0, 0.0])
    hip[:, 1] += part * (leg - hip[:, 1])
    knee[:, 1] += part * (fold - knee[:, 1])
    hip[:, 0] += part * (0.05 - hip[:, 0])
    knee[:, 0] += part * (0.35 - knee[:, 0])
    return np.asarray(raised + part[:, None] * np.array([0.75, 0.35]))
