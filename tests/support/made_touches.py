"""Clips of a standing player and a ball that touches an arm, or misses it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from raasid.footage.records import Ball, Clip, Contact, Fact, Frame, Person, Provenance

TALL = 200.0
CALM: dict[str, Fact] = {
    "goalkeeper": False,
    "in_own_area": True,
    "deliberate": False,
    "above_shoulder": False,
    "own_deflection": False,
    "own_play": False,
    "close_range": False,
    "falling_support": False,
    "scored": "no",
    "chance": "no",
    "team_mate": "no",
    "denied": "nothing",
}


def standing(track: int, x: float, y: float, *, arm_out: bool = False) -> Person:
    """A player 200 pixels tall, facing us: head at (x, y), the left arm (on our right) out, or hanging."""
    left_arm = ((x + 60, y + 45), (x + 100, y + 45)) if arm_out else ((x + 26, y + 80), (x + 27, y + 115))
    positions = [
        (x, y + 10), (x + 4, y + 7), (x - 4, y + 7), (x + 8, y + 9), (x - 8, y + 9),
        (x + 22, y + 45), (x - 22, y + 45), left_arm[0], (x - 26, y + 80), left_arm[1], (x - 27, y + 115),
        (x + 14, y + 105), (x - 14, y + 105), (x + 15, y + 150), (x - 15, y + 150),
        (x + 15, y + 192), (x - 15, y + 192),
    ]  # fmt: skip
    right = 112 if arm_out else 35
    box = (x - 35, y, 35.0 + right, TALL)
    return Person(track, "player", box, "home", tuple((px, py, 2) for px, py in positions))


def touch(
    name: str = "touch",
    *,
    match: str = "m",
    arm_out: bool = True,
    hits: bool = True,
    frames: int = 20,
    rate_hz: float = 25.0,
    x: float = 300.0,
) -> Clip:
    """A ball comes from the right and bounces off the left forearm at the middle frame, or flies on.

    Player 4 is touched; player 9 is far away.
    """
    at = frames // 2
    step = 12.0 * 25.0 / rate_hz
    hero, other = standing(4, x, 60, arm_out=arm_out), standing(9, x - 240, 70)
    arm_x, arm_y = (x + 85, 105.0) if arm_out else (x + 27, 158.0)
    clip_frames = []
    for i in range(frames):
        away = abs(i - at) * step if hits else (at - i) * step
        ball = Ball(arm_x + 8 + away, arm_y - 8 - away * 0.7, 22, 22)
        clip_frames.append(Frame(i, Path(f"{name}_{i}.jpg"), 640, 360, (ball,), (hero, other)))
    facts = CALM | {"segment": "forearm" if hits else "none", "bigger": arm_out, "justified": not arm_out}
    return Clip(
        name,
        tuple(clip_frames),
        Provenance("made", match=match),
        frame_rate_hz=rate_hz,
        contact=Contact(at, 4, "left", "forearm") if hits else None,
        facts=facts,
        tags=("made",),
    )


def blind(clip: Clip) -> Clip:
    """The clip without balls."""
    return replace(clip, frames=tuple(replace(frame, balls=()) for frame in clip.frames))


def empty(clip: Clip) -> Clip:
    """The clip without persons."""
    return replace(clip, frames=tuple(replace(frame, persons=()) for frame in clip.frames))
