"""Convert tracked balls and persons to records, with the model as the annotation's source."""

from __future__ import annotations

from raasid.footage.records import AnnotationSource, Ball, Keypoint, Person, Visibility
from raasid.perception.settings import PerceptionSettings
from raasid.tracks.ball_path import GAP_FILLED, HIGH_CONFIDENCE, MISSING, BallPath
from raasid.tracks.similarity import Floats, PersonDetections
from raasid.tracks.team_colors import TeamAssignment

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
