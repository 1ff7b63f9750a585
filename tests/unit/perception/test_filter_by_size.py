"""Candidates too large for a ball are dropped."""

from __future__ import annotations

import numpy as np

from raasid.models.ball.module import Detections
from raasid.perception.inference import filter_by_size

NEAR = (100.0, 100.0, 40.0, 100.0)
FAR = (400.0, 50.0, 8.0, 20.0)


def found(*rows: tuple[float, float, float, float]) -> Detections:
    boxes = np.array(rows, np.float32).reshape(-1, 4)
    return Detections(boxes[:, :2], boxes[:, 2:], np.linspace(0.9, 0.1, len(boxes), dtype=np.float32))


def people(*boxes: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(boxes, np.float32).reshape(-1, 4)


def test_a_shirt_is_dropped_and_a_ball_near_the_camera_is_kept() -> None:
    candidates = found((120, 130, 40, 36), (110, 190, 12, 12), (130, 90, 24, 24))
    kept = filter_by_size(candidates, people(NEAR, FAR))
    assert kept.xy.tolist() == [[110, 190], [130, 90]]
    assert kept.score.tolist() == candidates.score[1:].tolist()


def test_the_nearest_player_counts_and_not_the_tallest() -> None:
    assert len(filter_by_size(found((404, 60, 9, 9)), people(NEAR, FAR)).score) == 0
    assert len(filter_by_size(found((404, 60, 5, 5)), people(NEAR, FAR)).score) == 1


def test_a_ball_wide_from_motion_blur_is_kept() -> None:
    assert len(filter_by_size(found((120, 190, 60, 14)), people(NEAR)).score) == 1


def test_without_people_every_candidate_is_kept() -> None:
    assert len(filter_by_size(found((10, 10, 90, 90)), people()).score) == 1
    assert len(filter_by_size(found(), people(NEAR)).score) == 0
