"""Which candidates are too large for a ball."""

from __future__ import annotations

import numpy as np

from raasid.models.ball.module import Detections
from raasid.perception.inference import small_enough

NEAR = (100.0, 100.0, 40.0, 100.0)
FAR = (400.0, 50.0, 8.0, 20.0)


def found(*rows: tuple[float, float, float, float]) -> Detections:
    boxes = np.array(rows, np.float32).reshape(-1, 4)
    return Detections(boxes[:, :2], boxes[:, 2:], np.linspace(0.9, 0.1, len(boxes), dtype=np.float32))


def people(*boxes: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(boxes, np.float32).reshape(-1, 4)


def test_a_shirt_next_to_its_player_is_no_ball_and_a_near_ball_is_one() -> None:
    candidates = found((120, 130, 40, 36), (110, 190, 12, 12), (130, 90, 24, 24))
    kept = small_enough(candidates, people(NEAR, FAR))
    assert kept.xy.tolist() == [[110, 190], [130, 90]]
    assert kept.score.tolist() == candidates.score[1:].tolist()


def test_the_next_player_counts_not_the_tallest() -> None:
    assert len(small_enough(found((404, 60, 9, 9)), people(NEAR, FAR)).score) == 0
    assert len(small_enough(found((404, 60, 5, 5)), people(NEAR, FAR)).score) == 1


def test_a_blurred_ball_is_wide_and_stays() -> None:
    assert len(small_enough(found((120, 190, 60, 14)), people(NEAR)).score) == 1


def test_without_people_or_candidates_everything_stays() -> None:
    assert len(small_enough(found((10, 10, 90, 90)), people()).score) == 1
    assert len(small_enough(found(), people(NEAR)).score) == 0
