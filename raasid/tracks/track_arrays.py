"""Tracks of a clip as arrays over time: the ball, and every person with a track."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.footage.records import Clip, Visibility

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
ROLES = ("player", "goalkeeper", "referee", "other")


@dataclass(frozen=True, slots=True, eq=False)
class ClipTracks:
    """T frames, P tracks, in pixels of the source frame. Unknown values are 0 and flagged as unknown.

    ball: (T, 4) centre x, y, width, height. ball_known: (T,) whether there is a position.
    ball_seen: (T,) whether it was seen there; False where it is inferred (hidden, interpolated).
    ball_score: (T,) confidence, 1 for an annotation.
    tracks: (P,) track ids. present: (P, T). boxes: (P, T, 4) left, top, width, height.
    joints: (P, T, 17, 3) x, y and confidence: 0 unknown, 0.5 inferred, 1 seen: half of COCO's visibility.
    score: (P, T) confidence of the person. roles: (P,) index into ROLES, -1 unknown.
    teams: (P,) index of the team by name, -1 unknown.
    """

    frame_rate_hz: float
    size: tuple[int, int]
    index: NDArray[np.int64]
    """(T,) `Frame.index` of each frame."""
    ball: Floats
    ball_known: Bools
    ball_seen: Bools
    ball_score: Floats
    tracks: NDArray[np.int64]
    present: Bools
    boxes: Floats
    joints: Floats
    score: Floats
    roles: NDArray[np.int64]
    teams: NDArray[np.int64]


def clip_tracks(clip: Clip) -> ClipTracks:
    """Return the tracks of a clip's records, annotated or predicted."""
    frames = clip.frames
    ids = sorted({person.track for frame in frames for person in frame.persons})
    row = {track: p for p, track in enumerate(ids)}
    teams = sorted({person.team for frame in frames for person in frame.persons if person.team})
    t, p = len(frames), len(ids)
    ball, seen, known = np.zeros((t, 4), np.float32), np.zeros(t, bool), np.zeros(t, bool)
    ball_score = np.zeros(t, np.float32)
    present, boxes = np.zeros((p, t), bool), np.zeros((p, t, 4), np.float32)
    joints, score = np.zeros((p, t, NUM_KEYPOINTS, 3), np.float32), np.zeros((p, t), np.float32)
    roles, sides = np.full(p, -1, np.int64), np.full(p, -1, np.int64)
    for i, frame in enumerate(frames):
        if frame.balls and frame.balls[0].visibility != Visibility.ABSENT:
            match_ball = frame.balls[0]
            ball[i] = match_ball.x, match_ball.y, match_ball.w, match_ball.h
            known[i], seen[i] = True, match_ball.visible
            ball_score[i] = 1.0 if match_ball.source is None else match_ball.source.confidence
        for person in frame.persons:
            k = row[person.track]
            present[k, i], boxes[k, i] = True, person.box
            score[k, i] = 1.0 if person.source is None else person.source.confidence
            if person.keypoints:
                joints[k, i] = person.keypoints
                joints[k, i, :, 2] /= 2
            roles[k] = ROLES.index(person.role)
            sides[k] = teams.index(person.team) if person.team else -1
    return ClipTracks(
        frame_rate_hz=clip.frame_rate_hz,
        size=(frames[0].width, frames[0].height) if frames else (0, 0),
        index=np.array([frame.index for frame in frames], np.int64),
        ball=ball,
        ball_known=known,
        ball_seen=seen,
        ball_score=ball_score,
        tracks=np.array(ids, np.int64),
        present=present,
        boxes=boxes,
        joints=joints,
        score=score,
        roles=roles,
        teams=sides,
    )
