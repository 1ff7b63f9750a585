"""Features of predictions: what each task's records say, without any label."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import context_samples
import numpy as np
import pose_scenes
import pytest
from small_footage import rolling

from raasid.datasets.sample_meta import FrameRef
from raasid.footage.records import Frame
from raasid.models.ball.module import Detections
from raasid.models.pose.poses import People
from raasid.monitoring.prediction_features import (
    ROWS_PER_MATCH,
    ball_features,
    context_features,
    pose_features,
)

REF = FrameRef("c", "m", Frame(0, Path("0.jpg"), 200, 100))


def detections(*rows: tuple[float, float, float, float, float]) -> Detections:
    x = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(x[:, :2], x[:, 2:4], x[:, 4])


def test_the_best_candidate_of_a_frame_is_its_row_however_confident() -> None:
    found = ball_features([(REF, detections((50, 20, 8, 6, 0.1), (9, 9, 2, 2, 0.05))), (REF, detections())])

    assert found.matches == ("m", "m")
    assert found.columns["ball confidence"].tolist() == pytest.approx([0.1, 0.0])
    assert found.columns["ball x"].tolist() == [0.25, None]
    assert found.columns["ball y"].tolist() == [0.1, None]
    assert found.columns["ball size"].tolist() == [0.03, None]


def test_an_image_twice_as_large_has_the_same_features() -> None:
    large = replace(REF, frame=replace(REF.frame, width=400, height=200))
    small_row = ball_features([(REF, detections((50, 20, 8, 6, 0.1)))]).columns
    large_row = ball_features([(large, detections((100, 40, 16, 12, 0.1)))]).columns
    assert {name: column.tolist() for name, column in small_row.items()} == {
        name: column.tolist() for name, column in large_row.items()
    }


def test_people_are_counted_and_measured() -> None:
    persons = [pose_scenes.person(height=40.0), pose_scenes.person(x=150.0, height=80.0)]
    found = pose_features([(REF, pose_scenes.people(persons)), (REF, People.empty())])

    assert found.columns["people"].tolist() == [2.0, 0.0]
    assert found.columns["person height"].tolist() == [pytest.approx(0.3), None]
    assert set(found.columns) == {"people", "person height", "person confidence", "keypoint confidence"}


def test_a_clip_has_the_decision_its_facts_and_the_tracks_behind_them() -> None:
    tracked = rolling(5)
    ref = context_samples.ref(tracked.id, context_samples.OFFENCE)
    prediction = context_samples.predict(tracked.id, context_samples.OFFENCE, 0.2, abstained=True)

    row = {
        name: column[0]
        for name, column in context_features([(ref, prediction)], {tracked.id: tracked}).columns.items()
    }

    assert (row["offence"], row["confidence"], row["abstained"]) == (0.2, 0.8, "true")
    assert (row["fact deliberate"], row["fact segment"]) == (0.9, "hand")
    assert (row["ball seen"], row["people"]) == (1.0, 0.0)


def test_a_match_with_many_frames_gives_no_more_rows_than_others_may() -> None:
    pairs = [(replace(REF, frame=replace(REF.frame, index=k)), detections()) for k in range(100)]
    assert len(ball_features(pairs)) == ROWS_PER_MATCH
