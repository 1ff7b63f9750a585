"""`pose_yolo`: the library's nets and loss behind our interface."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from raasid.datasets.pose.batch import PoseBatch
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.models.pose.poses import People, assign_poses_to_boxes
from raasid.models.pose.yolo import PoseYolo
from raasid.models.yolo.net import NetUnusable, UnknownNet, build_net, net_names


def batch_of() -> PoseBatch:
    rng = np.random.default_rng(0)
    joints = np.concatenate(
        [rng.uniform(10, 50, (2, NUM_KEYPOINTS, 2)), np.full((2, NUM_KEYPOINTS, 1), 2)], 2
    ).astype(np.float32)
    boxes = np.array([[8, 8, 40, 56], [60, 10, 90, 60]], np.float32)
    no_boxes, no_keypoints = np.zeros((0, 4), np.float32), np.zeros((0, NUM_KEYPOINTS, 3), np.float32)
    images = torch.from_numpy(rng.integers(0, 255, (2, 64, 96, 3), np.uint8))
    return PoseBatch(
        images,
        (boxes, no_boxes),
        (joints, no_keypoints),
        torch.ones(2),
        (),
        (np.array([False, False]), np.zeros(0, bool)),
    )


@pytest.mark.parametrize("net", ["yolo11n-pose.yaml", "yolo26n-pose.yaml"])
def test_the_keypoint_head_has_a_gradient(net: str) -> None:
    model = PoseYolo(net)
    terms = model.losses(batch_of())
    assert {"box", "cls", "pose", "kobj"} <= set(terms)
    torch.stack(list(terms.values())).sum().backward()
    assert all(torch.isfinite(term) for term in terms.values())
    heads = [p for name, p in model.named_parameters() if ".cv4" in name and p.grad is not None]
    assert any(p.grad.abs().sum() > 0 for p in heads)  # type: ignore[union-attr]


@pytest.mark.parametrize("net", ["yolo11n-pose.yaml", "yolo26n-pose.yaml"])
def test_people_are_in_order_of_falling_score_with_joints(net: str) -> None:
    model = PoseYolo(net, min_score=1e-9, max_people=7)
    for people in model.predict(batch_of().images):
        assert people.keypoints.shape == (len(people.score), NUM_KEYPOINTS, 3)
        assert 0 < len(people.score) <= 7
        assert (np.diff(people.score) <= 0).all()


def test_each_known_box_gets_the_person_found_in_it_or_none() -> None:
    keypoints = np.ones((2, NUM_KEYPOINTS, 3), np.float32) * np.array([[[1]], [[2]]], np.float32)
    found = People(
        np.array([[0, 0, 10, 10], [50, 50, 70, 90]], np.float32), np.array([0.9, 0.8], np.float32), keypoints
    )
    boxes = np.array([[52, 50, 70, 88], [200, 200, 210, 220], [1, 0, 10, 10]], np.float32)
    at = assign_poses_to_boxes(found, boxes)
    assert at.score.tolist() == pytest.approx([0.8, 0, 0.9])
    assert at.keypoints[1, :, 2].max() == 0
    assert at.keypoints[2, 0].tolist() == [1, 1, 1]


def test_a_ball_net_is_refused_and_a_misspelling_is_corrected() -> None:
    with pytest.raises(NetUnusable, match="joints are found by a Pose head"):
        build_net("yolo11n.yaml", task="pose")
    with pytest.raises(UnknownNet, match=r"no pose net of ultralytics.*did you mean"):
        build_net("yolo11n-posse.yaml", task="pose")
    assert "yolo26s-pose.yaml" in net_names("pose")
