"""Convert tracked balls and persons to records, with the model as the annotation's source; its thresholds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from raasid.footage.records import AnnotationSource, Ball, Keypoint, Person, Visibility
from raasid.tracks.ball_path import GAP_FILLED, HIGH_CONFIDENCE, MISSING, BallPath, BallPathRules
from raasid.tracks.similarity import Floats, PersonDetections
from raasid.tracks.team_colors import TeamAssignment


@dataclass(frozen=True, slots=True)
class PerceptionSettings:
    """Thresholds that turn detections into tracks; part of the name of the tracks."""

    min_track_score: float = 0.25
    """Score from which a person begins a track; of 0.15 to 0.4, the best IDF1 on the synthetic league."""
    min_person_score: float = 0.1
    """Score from which a person may continue a track."""
    min_visible_confidence: float = 0.5
    """Confidence from which a joint counts as visible (COCO's 2)."""
    min_joint_confidence: float = 0.15
    """Confidence from which a joint has a position (at least COCO's 1); below, it is unknown."""
    max_gap_s: float = 0.4
    """Longest time without a detection for which a person is interpolated."""
    min_track_frames: int = 2
    """Tracks of fewer frames are dropped, unless the clip is shorter."""
    ball_path: BallPathRules = field(default_factory=BallPathRules)

    def digest(self) -> str:
        """Return eight hex digits of all values."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:8]


INTERPOLATED = "interpolated"
"""Source of a ball or person that was inferred from detections before and after."""


def ball_record(path: BallPath, index: int, source: str) -> tuple[Ball, ...]:
    """Return the ball of one frame, or an empty tuple."""
    state = int(path.state[index])
    if state == MISSING:
        return ()
    x, y, w, h = (round(float(value), 2) for value in path.box[index])
    if state == GAP_FILLED:
        return (Ball(x, y, w, h, Visibility.HIDDEN, AnnotationSource(INTERPOLATED, 0.0)),)
    visibility = Visibility.CLEAR if state == HIGH_CONFIDENCE else Visibility.PARTLY
    return (Ball(x, y, w, h, visibility, AnnotationSource(source, round(float(path.score[index]), 3))),)


def person_record(
    detected: PersonDetections,
    row: int,
    track: int,
    assignment: TeamAssignment,
    source: str,
    settings: PerceptionSettings,
) -> Person:
    """Return one person of one frame; joints of an interpolated person are never visible."""
    left, top, width, height = (round(float(value), 2) for value in detected.boxes[row])
    max_visibility = 1 if source == INTERPOLATED else 2
    return Person(
        track,
        assignment.role,
        (left, top, width, height),
        team=assignment.team,
        keypoints=_keypoints(detected.joints[row], settings, max_visibility),
        source=AnnotationSource(source, round(float(detected.score[row]), 3)),
    )


def _keypoints(joints: Floats, settings: PerceptionSettings, max_visibility: int) -> tuple[Keypoint, ...]:
    if not (joints[:, 2] >= settings.min_joint_confidence).any():
        return ()
    keypoints: list[Keypoint] = []
    for x, y, confidence in joints.tolist():
        if confidence < settings.min_joint_confidence:
            keypoints.append((0.0, 0.0, 0))
        else:
            visibility = 2 if confidence >= settings.min_visible_confidence else 1
            keypoints.append((round(x, 2), round(y, 2), min(max_visibility, visibility)))
    return tuple(keypoints)
