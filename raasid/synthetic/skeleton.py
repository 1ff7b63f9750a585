"""Forward kinematics of bodies and their gait, for many people at once.

Joints 0-16 are COCO's keypoints; 17-24 are what rendering needs in addition. Gaits: standing, walking,
running, kicking, keeping goal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raasid.synthetic.arrays import Floats

COCO_JOINTS = 17
LEFT_HAND, RIGHT_HAND, LEFT_TOE, RIGHT_TOE, PELVIS, CHEST, HEAD, CROWN = range(17, 25)
JOINTS = 25
NUM_STYLE = 8
"""Number of standard normal parameters that make postures of different people differ."""

_THIGH, _SHANK, _ANKLE, _FOOT = 0.44, 0.43, 0.08, 0.19
_TRUNK, _NECK, _UPPER_ARM, _FOREARM, _HAND = 0.50, 0.21, 0.30, 0.26, 0.11
_SIDES = np.array([1.0, -1.0])
"""Left is +y in body axes (x forward, z up)."""
_SHOULDERS = np.array([[0.0, 0.185, 0.0], [0.0, -0.185, 0.0]])


@dataclass(slots=True, eq=False)
class Angles:
    """Joint angles of N people, radians; (N, 2) arrays hold left and right."""

    hip: Floats
    """Flexion; positive swings the leg forward."""
    knee: Floats
    """Flexion; positive brings the heel to the back."""
    spread: Floats
    """Abduction: leg sideways."""
    shoulder: Floats
    """Flexion; positive swings the arm forward, pi is straight up."""
    raised: Floats
    """Abduction: arm sideways, 0 hanging."""
    elbow: Floats
    lean: Floats
    """(N,) trunk forward."""
    head_yaw: Floats
    """(N,) head turned to the left."""


def _limb(flexion: Floats, sideways: Floats) -> Floats:
    """Return unit vectors (N, 2, 3) of limbs that hang down at flexion 0."""
    out = np.empty((*flexion.shape, 3))
    across = np.cos(sideways)
    out[..., 0] = np.sin(flexion) * across
    out[..., 1] = np.sin(sideways) * _SIDES
    out[..., 2] = -np.cos(flexion) * across
    return out


def joints(
    angles: Angles,
    ground: Floats,
    heading: Floats,
    height: Floats,
    lift: Floats,
    arms: Floats | None = None,
    tilt: Floats | None = None,
) -> Floats:
    """Return joints (N, 25, 3) in world metres.

    ground: (N, 2) metres. heading: (N,) radians. height: (N,) metres. lift: (N,) metres of the lower
    foot above the grass. arms: (N, 2, 2, 3) unit vectors in body axes (x forward, y left, z up) of upper arm
    and forearm, left and right; NaN where `angles` apply. tilt: (N, 2) radians by which the whole body
    falls forward and to its left; of a fallen body the lowest joint, not the foot, is on the grass.
    """
    n = len(height)
    out: Floats = np.zeros((n, JOINTS, 3))
    trunk = np.zeros((n, 3))
    trunk[:, 0], trunk[:, 2] = np.sin(angles.lean), np.cos(angles.lean)
    chest = trunk * _TRUNK
    hips = np.zeros((n, 2, 3))
    hips[..., 1] = 0.10 * _SIDES
    knees = hips + _THIGH * _limb(angles.hip, angles.spread)
    ankles = knees + _SHANK * _limb(angles.hip - angles.knee, angles.spread * 0.6)
    pitch = angles.hip - angles.knee
    forward = np.empty((n, 2, 3))
    forward[..., 0], forward[..., 1], forward[..., 2] = np.cos(pitch), 0.25 * _SIDES, np.sin(pitch)
    down = _limb(pitch, angles.spread)
    toes = ankles + _FOOT * forward + 0.6 * _ANKLE * down
    shoulders = (chest - 0.04 * trunk)[:, None] + _SHOULDERS
    swing = angles.shoulder + angles.lean[:, None] * 0.4
    upper = _limb(swing, angles.raised)
    fore = _limb(swing + angles.elbow, angles.raised * 0.5)
    if arms is not None:
        upper = np.where(np.isnan(arms[:, 0]), upper, arms[:, 0])
        fore = np.where(np.isnan(arms[:, 1]), fore, arms[:, 1])
    elbows = shoulders + _UPPER_ARM * upper
    wrists = elbows + _FOREARM * fore
    head = chest + _NECK * trunk + np.array([0.03, 0.0, 0.0])
    gaze, left = np.zeros((n, 3)), np.zeros((n, 3))
    gaze[:, 0], gaze[:, 1] = np.cos(angles.head_yaw), np.sin(angles.head_yaw)
    left[:, 0], left[:, 1] = -gaze[:, 1], gaze[:, 0]
    up = np.array([0.0, 0.0, 1.0])
    out[:, 0] = head + 0.105 * gaze - 0.02 * up
    for side, sign in enumerate(_SIDES):
        out[:, 1 + side] = head + 0.09 * gaze + 0.032 * sign * left + 0.025 * up
        out[:, 3 + side] = head + 0.078 * sign * left
    out[:, 5:7], out[:, 7:9], out[:, 9:11] = shoulders, elbows, wrists
    out[:, 11:13], out[:, 13:15], out[:, 15:17] = hips, knees, ankles
    out[:, LEFT_HAND : RIGHT_HAND + 1] = wrists + _HAND * fore
    out[:, LEFT_TOE : RIGHT_TOE + 1] = toes
    out[:, CHEST], out[:, HEAD] = chest, head
    out[:, CROWN] = head + 0.035 * up - 0.03 * gaze
    out *= (height / 1.80)[:, None, None]
    if tilt is not None:
        out = _tilted(out, tilt)
    cosine, sine = np.cos(heading)[:, None], np.sin(heading)[:, None]
    x, y = out[..., 0].copy(), out[..., 1].copy()
    out[..., 0] = x * cosine - y * sine + ground[:, :1]
    out[..., 1] = x * sine + y * cosine + ground[:, 1:]
    soles = np.minimum(out[:, 15:17, 2] - _ANKLE, out[:, LEFT_TOE : RIGHT_TOE + 1, 2] - 0.03).min(axis=1)
    if tilt is not None:
        soles = np.where((tilt != 0).any(axis=1), out[..., 2].min(axis=1) - 0.06, soles)
    out[..., 2] += (lift - soles)[:, None]
    return out


def _tilted(points: Floats, tilt: Floats) -> Floats:
    """Return body points (N, J, 3) rotated forward and to the left about the middle of the hips."""
    (c, d), (s, e) = np.cos(tilt).T[..., None], np.sin(tilt).T[..., None]
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    x, z = c * x + s * z, c * z - s * x
    y, z = d * y + e * z, d * z - e * y
    out = np.empty_like(points)
    out[..., 0], out[..., 1], out[..., 2] = x, y, z
    return out


def stride_hz(speed: Floats) -> Floats:
    """Return full gait cycles per second at a speed in m/s."""
    return 0.80 + 0.12 * speed


def angles(phase: Floats, speed: Floats, since_kick: Floats, keeper: Floats, style: Floats) -> Angles:
    """Return the joint angles of N people in their gait.

    phase: (N,) radians of the gait cycle. speed: (N,) m/s. since_kick: (N,) seconds, NaN without a kick.
    keeper: (N,) 1 for a goalkeeper at the ready. style: (N, NUM_STYLE).
    """
    cycle = phase[:, None] + np.array([0.0, np.pi])
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
    head_yaw = 0.5 * style[:, 7]

    guard = keeper[:, None]
    hip = hip + 0.55 * guard
    knee = knee + 0.85 * guard
    raised = raised + 0.45 * guard
    elbow = elbow + 0.6 * guard
    lean = lean + 0.3 * keeper

    kicks = np.isfinite(since_kick)
    if kicks.any():
        raised = _apply_kick(hip, knee, raised, np.where(kicks, since_kick, 9.0))
    return Angles(hip, knee, spread, shoulder, raised, elbow, lean, head_yaw)


def _apply_kick(hip: Floats, knee: Floats, raised: Floats, t: Floats) -> Floats:
    """Add a kick to hip and knee (N, 2) in place and return the new `raised`; t: (N,) seconds after it."""
    # the kicking leg is the right one: back at -0.15 s, through the ball at 0, up to the front at +0.15 s
    leg = np.interp(t, [-0.45, -0.15, 0.0, 0.14, 0.5], [0.2, -0.75, 0.30, 1.05, 0.2])
    fold = np.interp(t, [-0.45, -0.15, 0.0, 0.14, 0.5], [0.3, 1.35, 0.25, 0.15, 0.3])
    weight = np.interp(t, [-0.5, -0.3, 0.3, 0.6], [0.0, 1.0, 1.0, 0.0])
    hip[:, 1] += weight * (leg - hip[:, 1])
    knee[:, 1] += weight * (fold - knee[:, 1])
    hip[:, 0] += weight * (0.05 - hip[:, 0])
    knee[:, 0] += weight * (0.35 - knee[:, 0])
    return np.asarray(raised + weight[:, None] * np.array([0.75, 0.35]))
