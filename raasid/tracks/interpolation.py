"""Interpolate persons in frames between two detections of their track."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.tracks.similarity import PersonDetections

Floats = NDArray[np.float64]
TrackIds = NDArray[np.int64]


def interpolate_gaps(
    detected: Sequence[PersonDetections],
    ids: Sequence[TrackIds],
    seconds: Floats,
    shift: Floats,
    max_gap_s: float,
) -> list[tuple[TrackIds, PersonDetections]]:
    """Return for each of T frames the persons who are missing in it, with their track ids.

    ids: of the detected persons, -1 for none. seconds: (T,) time of each frame. shift: (T, 2) pixels by which
    the image has moved since the first frame, because a person stands on the pitch and not in the image.
    max_gap_s: largest time between two detections that is bridged. Boxes and joints are interpolated; the
    score falls towards the middle of the gap; a joint is missing if either detection lacks it.
    """
    last: dict[int, tuple[int, int]] = {}
    found: dict[int, list[tuple[int, PersonDetections]]] = defaultdict(list)
    for t, frame_ids in enumerate(ids):
        for row, track in enumerate(frame_ids.tolist()):
            if track < 0:
                continue
            if track in last and t - last[track][0] > 1 and seconds[t] - seconds[last[track][0]] <= max_gap_s:
                begin, old = last[track]
                for between in range(begin + 1, t):
                    part = (seconds[between] - seconds[begin]) / (seconds[t] - seconds[begin])
                    moves = shift[between] - shift[begin], shift[between] - shift[t]
                    person = _interpolate(detected[begin], old, detected[t], row, float(part), moves)
                    found[between].append((track, person))
            last[track] = (t, row)
    return [_join(found.get(t, [])) for t in range(len(ids))]


def _interpolate(
    a: PersonDetections, i: int, b: PersonDetections, j: int, part: float, moves: tuple[Floats, Floats]
) -> PersonDetections:
    """Return one person at `part` of the way from row i of a to row j of b.

    moves: of the camera since either detection.
    """
    move = (1 - part) * moves[0] + part * moves[1]
    boxes = (1 - part) * a.boxes[i : i + 1] + part * b.boxes[j : j + 1]
    boxes[:, :2] += move
    joints = (1 - part) * a.joints[i : i + 1] + part * b.joints[j : j + 1]
    joints[..., :2] += move
    joints[..., 2] = np.minimum(a.joints[i : i + 1, :, 2], b.joints[j : j + 1, :, 2])
    distance = 2 * min(part, 1 - part)
    score = np.array([min(a.score[i], b.score[j]) * (1 - 0.5 * distance)], np.float32)
    shirts = np.full((1, 3), np.nan, np.float32)
    return PersonDetections(boxes.astype(np.float32), score, joints.astype(np.float32), shirts)


def _join(persons: list[tuple[int, PersonDetections]]) -> tuple[TrackIds, PersonDetections]:
    if not persons:
        return np.zeros(0, np.int64), PersonDetections.of_boxes([])
    ids = np.array([track for track, _ in persons], np.int64)
    return ids, PersonDetections.concatenate([person for _, person in persons])
