"""`pose_topdown`: from cells to joints, from crops to the image, and overfitting a few scenes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from raasid.datasets.pose.batch import CropBatch, PoseBatch
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.models.pose.joints_net import decode_joints, joint_losses
from raasid.models.pose.person_detector import PersonDetector, decode_boxes, normalized_input
from raasid.models.pose.poses import People, nms_by_oks, padded_boxes
from raasid.models.pose.top_down import PoseTopDown


def sharp(positions: torch.Tensor) -> torch.Tensor:
    """Logits that equal the training target for positions (N, 17, 2), in crop pixels of 64 x 96."""
    rows, columns = torch.arange(24) * 4 + 2, torch.arange(16) * 4 + 2
    dx = (columns - positions[..., :1])[:, :, None, :] / 4
    dy = (rows - positions[..., 1:])[:, :, :, None] / 4
    return -(dx.square() + dy.square()) / (2 * 0.7**2)


def test_joints_are_read_between_the_cells() -> None:
    positions = (
        torch.rand(5, NUM_KEYPOINTS, 2, generator=torch.Generator().manual_seed(1))
        * torch.tensor([40.0, 70.0])
        + 12
    )
    read = decode_joints(sharp(positions), torch.full((5, NUM_KEYPOINTS), 4.0), torch.full((5,), 40.0 * 80))
    assert (read.xy - positions).abs().max() < 0.1
    assert read.presence.min() > 0.97


def test_two_equal_peaks_halve_the_expected_oks() -> None:
    one, other = torch.full((1, NUM_KEYPOINTS, 2), 16.0), torch.full((1, NUM_KEYPOINTS, 2), 80.0)
    other[..., 0] = 48
    ambiguous = torch.logaddexp(sharp(one), sharp(other))
    certain = decode_joints(sharp(one), torch.zeros(1, NUM_KEYPOINTS), torch.tensor([40.0 * 80]))
    read = decode_joints(ambiguous, torch.zeros(1, NUM_KEYPOINTS), torch.tensor([40.0 * 80]))
    assert (read.expected_oks / certain.expected_oks).mean() == pytest.approx(0.5, abs=0.02)


def test_between_two_near_peaks_the_middle_has_the_higher_expected_oks() -> None:
    hip, eye = 11, 1
    one, other = torch.full((1, NUM_KEYPOINTS, 2), 30.0), torch.full((1, NUM_KEYPOINTS, 2), 30.0)
    other[..., 0] = 42
    ambiguous = torch.logaddexp(sharp(one), sharp(other) - 0.1)
    read = decode_joints(ambiguous, torch.zeros(1, NUM_KEYPOINTS), torch.tensor([50.0 * 90])).xy[0]
    assert read[hip].tolist() == pytest.approx([36, 30], abs=1)  # OKS forgives a hip this much
    assert read[eye].tolist() == pytest.approx([30, 30], abs=1)


def test_a_joint_at_the_edge_of_a_crop_stays_in_it() -> None:
    corner = torch.tensor([63.0, 1.0]).expand(1, NUM_KEYPOINTS, 2)
    read = decode_joints(sharp(corner), torch.zeros(1, NUM_KEYPOINTS), torch.tensor([40.0 * 80])).xy
    assert (read - corner).abs().max() < 1.5
    assert ((read >= 0) & (read <= torch.tensor([64.0, 96.0]))).all()


def test_the_exact_prediction_has_the_lowest_loss_and_unlabelled_joints_have_none() -> None:
    joints = torch.full((2, NUM_KEYPOINTS, 3), 30.0)
    joints[..., 2] = 2
    zeros = torch.zeros(2, NUM_KEYPOINTS)
    right = joint_losses((sharp(joints[..., :2]), zeros, zeros), joints)["place"]
    wrong = joint_losses((sharp(joints[..., :2] + 8), zeros, zeros), joints)["place"]
    assert right < wrong
    joints[..., 2] = 0
    assert all(term == 0 for term in joint_losses((sharp(joints[..., :2]), zeros, zeros), joints).values())


def test_decoding_a_finder_target_gives_the_boxes_back() -> None:
    from raasid.models.centernet import heatmap_target

    boxes = [np.array([[20, 10, 44, 74], [80, 30, 100, 82]], np.float32)]
    target = heatmap_target(*padded_boxes(boxes), 24, 32)
    output = torch.cat([torch.logit(target.heat.clamp(1e-4, 1 - 1e-4))[:, None], target.box], 1)
    found, score = decode_boxes(output, 5)
    assert sorted(found[0, :2].round().int().tolist()) == boxes[0].astype(int).tolist()
    assert score[0, 1] > 0.9 > score[0, 2]


def test_predictions_inside_a_crowd_have_no_loss() -> None:
    finder, output = PersonDetector(8), torch.zeros(1, 5, 24, 32)
    box = [np.array([[0, 0, 128, 96]], np.float32)]
    assert finder.losses(output, box, [np.array([True])])["heat"] == 0
    assert finder.losses(output, box, [np.array([False])])["heat"] > 0


def test_two_skeletons_at_one_position_are_one_person() -> None:
    joints = np.random.default_rng(0).uniform(10, 60, (NUM_KEYPOINTS, 2)).astype(np.float32)
    rows = [joints, joints + 0.3, joints + 80]
    keypoints = np.concatenate([np.stack(rows), np.ones((3, NUM_KEYPOINTS, 1), np.float32)], 2)
    boxes = np.array([[0, 0, 60, 60], [0, 0, 60, 60], [80, 80, 140, 140]], np.float32)
    kept = nms_by_oks(People(boxes, np.array([0.5, 0.9, 0.4], np.float32), keypoints), 0.6)
    assert kept.score.tolist() == pytest.approx([0.9, 0.4])


def scene(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A figure of 17 blobs of 17 colours somewhere on green: image, box and joints."""
    image = np.full((96, 128, 3), (40, 120, 40), np.uint8)
    left, top = rng.integers(8, 80), rng.integers(4, 24)
    joints = np.zeros((NUM_KEYPOINTS, 3), np.float32)
    for k in range(NUM_KEYPOINTS):
        x, y = left + 4 + (k % 3) * 12, top + 4 + (k // 3) * 10
        colour = (255 * (k % 2), 60 + 11 * k, 255 - 15 * k)
        cv2.circle(image, (int(x), int(y)), 4, colour, -1)
        joints[k] = x + 0.5, y + 0.5, 2
    return image, np.array([[left, top, left + 32, top + 60]], np.float32), joints[None]


def batch_of(count: int, rng: np.random.Generator, model: PoseTopDown) -> CropBatch:
    from raasid.datasets.pose.transforms import warp_affine

    scenes = [scene(rng) for _ in range(count)]
    crops, joints = [], []
    for image, box, positions in scenes:
        matrix = model.crop.matrices(box)[0]
        crops.append(warp_affine(image, matrix, model.crop.size))
        moved = positions[0].copy()
        moved[:, :2] = moved[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        joints.append(moved)
    images = torch.from_numpy(np.stack([s[0] for s in scenes]))
    windows = PoseBatch(
        images,
        tuple(s[1] for s in scenes),
        tuple(s[2] for s in scenes),
        torch.ones(count),
        (),
        tuple(np.zeros(1, bool) for _ in scenes),
    )
    return CropBatch(
        windows, torch.from_numpy(np.stack(crops)), torch.from_numpy(np.stack(joints)), torch.ones(count)
    )


def test_it_learns_to_find_a_figure_and_its_joints() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model = PoseTopDown(channels=8, joint_channels=8, crop=(64, 64), scale=1.0, mirror=False)
    optimizer = torch.optim.AdamW(model.parameters(), 0.01)
    for _ in range(60):
        loss = torch.stack(list(model.losses(batch_of(6, rng, model)).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    image, box, joints = scene(rng)
    images = torch.from_numpy(image)[None]
    own, at = model.predict(images)[0], model.predict(images, [box])[0]
    assert np.abs(own.boxes[0] - box[0]).max() < 8
    for people in (own, at):
        assert np.median(np.linalg.norm(people.keypoints[0, :, :2] - joints[0, :, :2], axis=1)) < 2
    assert at.boxes.tolist() == box.tolist()


def test_given_boxes_keep_their_order_and_number() -> None:
    model = PoseTopDown(channels=8, joint_channels=8).eval()
    images = torch.zeros(2, 96, 128, 3, dtype=torch.uint8)
    boxes = [
        np.array([[50, 10, 70, 60], [5, 5, 20, 50], [5, 5, 20, 50]], np.float32),
        np.zeros((0, 4), np.float32),
    ]
    three, none = model.predict(images, boxes)
    assert three.boxes.tolist() == boxes[0].tolist()
    assert len(none.score) == 0
    assert three.keypoints[1].tolist() == three.keypoints[2].tolist()


def test_an_image_is_padded_with_black_to_whole_cells() -> None:
    x = normalized_input(torch.zeros(1, 50, 70, 3, dtype=torch.uint8))
    assert x.shape == (1, 3, 64, 96)
    assert (x == x[0, 0, 0, 0]).all()


@pytest.mark.parametrize(("rescan_scale", "scales"), [(0.0, [0.5]), (1.5, [0.5, 1.5])])
def test_an_image_without_people_is_searched_again_at_the_rescan_scale(
    rescan_scale: float, scales: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = PoseTopDown(channels=8, joint_channels=8, rescan_scale=rescan_scale).eval()
    scales_used: list[float] = []
    detect = model._detect
    monkeypatch.setattr(
        model, "_detect", lambda images, scale: (scales_used.append(scale), detect(images, scale))[1]
    )
    model.predict(torch.zeros(1, 96, 128, 3, dtype=torch.uint8))
    assert scales_used == scales
