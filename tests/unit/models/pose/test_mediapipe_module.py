from __future__ import annotations

import json
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from raasid.evaluation.pose.matching import GroundTruth, pairwise_oks
from raasid.models.pose.mediapipe import PoseModelUnusable
from raasid.models.pose.mediapipe_module import PoseMediapipe

GRASS = (70, 140, 60)


@pytest.fixture
def model(shared: Path):
    made = PoseMediapipe(shared / "assets/pose_landmarker_full.task")
    yield made
    made.teardown("test")


@pytest.fixture(scope="module")
def photo(shared: Path):
    image = cv2.imread(str(shared / "data/coco/000000000785.jpg"))
    assert image is not None
    return torch.from_numpy(np.ascontiguousarray(image[..., ::-1]))


@pytest.fixture(scope="module")
def annotated(shared: Path):
    labels = json.loads((shared / "data/formats/golden_oks/example_coco_val.json").read_text())
    (one,) = [a for a in labels["annotations"] if a["image_id"] == 785]
    x, y, w, h = one["bbox"]
    points = np.array(one["keypoints"], np.float64).reshape(1, 17, 3)
    truth = GroundTruth(np.array([[x, y, w, h]]), points, np.array([one["area"]]), np.zeros(1, bool))
    return truth, np.array([[x, y, x + w, y + h]], np.float32)


def test_the_joints_in_a_given_box_are_where_they_were_annotated(model, photo, annotated):
    truth, corners = annotated
    (found,) = model.predict(photo[None], [corners])
    assert pairwise_oks(found.keypoints[..., :2].astype(float), truth)[0, 0] > 0.7
    np.testing.assert_allclose(found.boxes, corners)
    assert set(np.unique(found.keypoints[..., 2])) <= {0.0, 0.5, 1.0}
    assert 0.5 < found.score[0] <= 1.0


def test_given_boxes_keep_their_order_and_number_even_if_empty(model, photo, annotated):
    _, corners = annotated
    lawn = torch.from_numpy(np.full(tuple(photo.shape), GRASS, np.uint8))
    empty = np.array([[10, 20, 30, 60]], np.float32)
    first, second = model.predict(
        torch.stack([photo, lawn]), [np.concatenate([empty, corners]), np.concatenate([corners, empty])]
    )
    assert [len(first.score), len(second.score)] == [2, 2]
    assert second.score.tolist() == [0.0, 0.0]
    np.testing.assert_allclose(second.keypoints[1], np.tile([20.0, 40.0, 0.0], (17, 1)))
    assert first.score[1] > 0.5


def test_an_image_without_grass_has_no_players(model, photo):
    (found,) = model.predict(photo[None])
    assert found.keypoints.shape == (len(found.score), 17, 3)
    assert len(model.predict(torch.zeros_like(photo)[None])[0].score) == 0


def test_people_on_grass_come_by_falling_score_with_boxes_that_hold_their_joints(model, photo):
    lawn = np.full((426, 640, 3), GRASS, np.uint8)
    figure = cv2.resize(photo.numpy()[40:400, 270:510], None, fx=0.35, fy=0.35, interpolation=cv2.INTER_AREA)
    for left in (60, 300, 480):
        lawn[200 : 200 + figure.shape[0], left : left + figure.shape[1]] = figure
    (found,) = model.predict(torch.from_numpy(lawn)[None])
    assert (np.diff(found.score) <= 0).all()
    for corners, points in zip(found.boxes, found.keypoints, strict=True):
        known = points[points[:, 2] > 0, :2]
        assert (known >= corners[:2] - 1e-3).all()
        assert (known <= corners[2:] + 1e-3).all()


def test_a_missing_file_is_reported_by_the_given_name(tmp_path):
    model = PoseMediapipe(tmp_path / "gone.task")
    with pytest.raises(PoseModelUnusable, match=r"^model\.task_file: .*gone\.task: no such file"):
        model.predict(torch.zeros(1, 36, 64, 3, dtype=torch.uint8), [np.array([[1, 1, 9, 9]], np.float32)])


def test_a_trainer_that_restores_signals_does_not_let_a_profiling_timer_kill_the_process(tmp_path):
    before = signal.signal(signal.SIGPROF, signal.SIG_DFL)
    try:
        PoseMediapipe(tmp_path / "any.task")
        assert signal.getsignal(signal.SIGPROF) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGPROF, before)
