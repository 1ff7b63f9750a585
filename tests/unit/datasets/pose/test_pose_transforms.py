"""Training samples of pose models: labels stay on the painted joints under every variation."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from raasid.datasets.data_config import AugmentConfig, PeopleConfig
from raasid.datasets.pose.person_crops import PersonCropper, truncate_person
from raasid.datasets.pose.transforms import (
    AnnotatedPeople,
    CropShape,
    RandomCrop,
    transform_keypoints,
    warp_affine,
)
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.footage.records import AnnotationSource, Frame, Person

PLAIN = AugmentConfig(flip=0, brightness=0, contrast=0, color=0, blur=0, noise=0)
STILL = PeopleConfig(jitter=0, zoom=0, rotate=0, occlude=0, downscale=0)
LEFT_WRIST, RIGHT_WRIST = 9, 10
RED, BLUE = 0, 2


@pytest.fixture
def scene() -> tuple[np.ndarray, AnnotatedPeople]:
    """A grey person with a red left wrist and a blue right one, in a frame of 160 x 120."""
    frame = np.full((120, 160, 3), 90, np.uint8)
    cv2.rectangle(frame, (60, 20), (99, 99), (140, 140, 140), -1)
    joints = np.zeros((1, NUM_KEYPOINTS, 3), np.float32)
    joints[0, LEFT_WRIST], joints[0, RIGHT_WRIST] = (92.5, 60.5, 2), (67.5, 40.5, 1)
    cv2.circle(frame, (92, 60), 4, (255, 0, 0), -1)
    cv2.circle(frame, (67, 40), 4, (0, 0, 255), -1)
    return frame, AnnotatedPeople(np.array([[60, 20, 100, 100]], np.float32), joints, np.zeros(1, bool))


def painted(image: np.ndarray, channel: int) -> np.ndarray:
    """Centre of the pixels of one colour."""
    other = BLUE if channel == RED else RED
    rows, columns = np.nonzero(image[..., channel].astype(int) - image[..., other] > 100)
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5])


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_joints_of_a_crop_lie_where_the_image_shows_them(scene, flip: float) -> None:
    frame, people = scene
    cut = PersonCropper(
        CropShape(64, 96),
        STILL.model_copy(update={"crops": 6, "jitter": 0.05, "zoom": 0.1, "rotate": 20}),
        PLAIN.model_copy(update={"flip": flip}),
    )
    crops, joints, _ = cut(frame, people, np.random.default_rng(3))
    left, right = (RIGHT_WRIST, LEFT_WRIST) if flip else (LEFT_WRIST, RIGHT_WRIST)
    for crop, rows in zip(crops, joints, strict=True):
        assert rows[left, :2] == pytest.approx(painted(crop, RED), abs=0.8)
        assert rows[right, :2] == pytest.approx(painted(crop, BLUE), abs=0.8)
        assert sorted(rows[:, 2].tolist())[-2:] == [1, 2]


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_people_of_a_window_lie_where_the_image_shows_them(scene, flip: float) -> None:
    frame, people = scene
    people_config = STILL.model_copy(update={"window": (112, 96), "window_scale": (0.6, 0.9)})
    cut = RandomCrop(people_config, PLAIN.model_copy(update={"flip": flip}))
    image, visible = cut(frame, people, np.random.default_rng(1))
    rows, columns = np.nonzero(image[..., 1] > 125)
    assert visible.boxes[0] == pytest.approx(
        [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], abs=1.5
    )
    left = RIGHT_WRIST if flip else LEFT_WRIST
    assert visible.keypoints[0, left, :2] == pytest.approx(painted(image, RED), abs=0.8)


def test_a_joint_outside_the_new_image_is_not_labelled() -> None:
    joints = np.zeros((NUM_KEYPOINTS, 3), np.float32)
    joints[0], joints[5] = (50, 50, 2), (10, 10, 2)
    moved = transform_keypoints(joints, np.array([[1, 0, -20], [0, 1, -20]], np.float32), (64, 64))
    assert moved[0].tolist() == [30, 30, 2]
    assert moved[5].tolist() == [0, 0, 0]


def test_crowds_are_ignored_and_unreviewed_people_on_request() -> None:
    marked = Person(1, "player", (0, 0, 9, 9), source=AnnotationSource("net", 0.5))
    frame = Frame(
        0, None, 64, 64, persons=(  # type: ignore[arg-type]
            Person(0, "player", (0, 0, 9, 9)),
            marked,
            replace(marked, source=AnnotationSource("net", 0.5, reviewed=True)),
            Person(3, "other", (0, 0, 9, 9), crowd=True),
        )
    )  # fmt: skip
    assert AnnotatedPeople.of(frame).ignored.tolist() == [False, False, False, True]
    assert AnnotatedPeople.of(frame, use_unreviewed=False).ignored.tolist() == [False, True, False, True]


def test_a_frame_without_labelled_joints_gives_black_crops_without_labels(scene) -> None:
    frame, people = scene
    unlabelled = replace(people, keypoints=np.zeros_like(people.keypoints))
    crops, joints, areas = PersonCropper(CropShape(), STILL, PLAIN)(
        frame, unlabelled, np.random.default_rng(0)
    )
    assert not crops.any()
    assert not joints.any()
    assert not areas.any()


@pytest.mark.parametrize("scale", [0.2, 0.5, 0.8, 1.0, 2.0])
def test_a_warp_keeps_the_centre_of_its_content(scale: float) -> None:
    image = np.zeros((128, 128, 3), np.uint8)
    cv2.circle(image, (80, 50), 20, (255, 255, 255), -1)
    size = round(128 * scale)
    small = warp_affine(image, np.array([[scale, 0, 0], [0, scale, 0]], np.float32), (size, size))
    weight = small[..., 0].astype(float)
    at = [(weight.sum(axis) * (np.arange(size) + 0.5)).sum() / weight.sum() for axis in (0, 1)]
    assert at == pytest.approx([80.5 * scale, 50.5 * scale], abs=0.15)


def test_a_box_fits_its_crop_with_the_margin_asked_for() -> None:
    shape = CropShape(64, 96, margin=1.5)
    boxes = np.array([[10, 10, 30, 90], [0, 0, 100, 20]], np.float32)
    corners = boxes.reshape(-1, 2, 2)
    inside = np.stack([c @ m[:, :2].T + m[:, 2] for c, m in zip(corners, shape.matrices(boxes), strict=True)])
    edges = inside[:, 1] - inside[:, 0]
    assert edges[0] == pytest.approx([16, 64])
    assert edges[1, 0] == pytest.approx(64 / 1.5)
    assert inside.mean(1) == pytest.approx(np.array([[32, 48], [32, 48]]))


def test_a_person_cut_off_has_no_joints_beyond_the_edge_and_none_that_moved(scene) -> None:
    frame, people = scene
    rng, kinds = np.random.default_rng(4), set()
    for _ in range(40):
        part, box, joints = truncate_person(frame, people.boxes[0], people.keypoints[0], rng)
        visible = joints[:, 2] > 0
        assert visible.any()
        assert (joints[visible] == people.keypoints[0][visible]).all()
        assert (box[:2] >= people.boxes[0, :2]).all()
        assert (box[2:] <= people.boxes[0, 2:]).all()
        for x, y in joints[visible, :2].astype(int):
            assert part[y, x].any()
        for x, y in people.keypoints[0][(people.keypoints[0][:, 2] > 0) & ~visible, :2].astype(int):
            assert not part[y, x].any()
        kinds.add(tuple(visible[[LEFT_WRIST, RIGHT_WRIST]]))
    assert kinds >= {(True, False), (False, True), (True, True)}
    assert frame.any(axis=2).all()
