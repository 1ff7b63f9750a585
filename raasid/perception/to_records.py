"""Findings as records: the same persons and balls that an annotator would have written, with who says so.

A ball is as large as the players next to it allow: white shirts and heads are not.
"""

from __future__ import annotations

from raasid.footage.records import Ball, Keypoint, Mark, Person, Visibility
from raasid.perception.settings import PerceptionSettings
from raasid.tracks.ball_path import BRIDGED, MISSING, SURE, BallFlight
from raasid.tracks.similarity import Floats, Sightings
from raasid.tracks.team_colors import Side

INTERPOLATED = "interpolated"
"""Source of what nobody saw: it lies between two sightings."""


def ball_record(flight: BallFlight, at: int, source: str) -> tuple[Ball, ...]:
    """The ball of one frame, or none."""
    state = int(flight.state[at])
    if state == MISSING:
        return ()
    x, y, w, h = (round(float(value), 2) for value in flight.box[at])
    if state == BRIDGED:
        return (Ball(x, y, w, h, Visibility.HIDDEN, Mark(INTERPOLATED, 0.0)),)
    visibility = Visibility.CLEAR if state == SURE else Visibility.PARTLY
    return (Ball(x, y, w, h, visibility, Mark(source, round(float(flight.score[at]), 3))),)


def person_record(
    seen: Sightings, row: int, number: int, side: Side, source: str, settings: PerceptionSettings
) -> Person:
    """One person of one frame; joints of an interpolated one are guesses at best."""
    left, top, width, height = (round(float(value), 2) for value in seen.boxes[row])
    most = 1 if source == INTERPOLATED else 2
    return Person(
        number,
        side.role,
        (left, top, width, height),
        team=side.team,
        keypoints=_keypoints(seen.joints[row], settings, most),
        mark=Mark(source, round(float(seen.score[row]), 3)),
    )


def _keypoints(joints: Floats, settings: PerceptionSettings, most: int) -> tuple[Keypoint, ...]:
    if not (joints[:, 2] >= settings.joint_guessed).any():
        return ()
    found: list[Keypoint] = []
    for x, y, sure in joints.tolist():
        if sure < settings.joint_guessed:
            found.append((0.0, 0.0, 0))
        else:
            found.append((round(x, 2), round(y, 2), min(most, 2 if sure >= settings.joint_seen else 1)))
    return tuple(found)
