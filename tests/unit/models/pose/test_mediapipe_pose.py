from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from raasid.models.pose.mediapipe import (
    LANDMARK_OF_COCO_KEYPOINT,
    LandmarkNet,
    MediaPipePose,
    PoseModelUnusable,
)

LEFT, RIGHT = LANDMARK_OF_COCO_KEYPOINT[1::2], LANDMARK_OF_COCO_KEYPOINT[2::2]


def test_left_and_right_joints_are_pairs() -> None:
    assert len(LANDMARK_OF_COCO_KEYPOINT) == 17
    assert all(right - left in (1, 3) for left, right in zip(LEFT, RIGHT, strict=True))


def test_a_missing_model_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(PoseModelUnusable, match="no such file"):
        MediaPipePose(tmp_path / "gone.task")


def test_a_file_that_is_no_model_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "junk.task").write_bytes(b"junk" * 100)
    assert LandmarkNet.from_task_file(b"junk" * 100) is None
    with pytest.raises(PoseModelUnusable, match="refuses"):
        MediaPipePose(tmp_path / "junk.task")


@pytest.fixture(scope="module")
def asset(shared: Path) -> Path:
    return shared / "assets/pose_landmarker_full.task"


@pytest.fixture(scope="module")
def skier(shared: Path) -> np.ndarray:
    """A square round the person of a COCO image whose joints are annotated."""
    image = cv2.imread(str(shared / "data/coco/000000000785.jpg"))
    assert image is not None
    return np.asarray(image[:, 200:625], np.uint8)


def test_both_modes_find_the_same_person(asset: Path, skier: np.ndarray) -> None:
    with MediaPipePose(asset) as pose:
        large, small = pose.estimate(skier, 1.0), pose.estimate(skier, 8.0)
    assert large is not None
    assert small is not None
    assert min(large[1], small[1]) > 0.6
    apart = np.linalg.norm(np.array(large[0])[5:, :2] - np.array(small[0])[5:, :2], axis=1)
    assert np.median(apart) < 0.05 * skier.shape[0]


def test_an_empty_lawn_has_no_people(asset: Path) -> None:
    lawn = np.full((256, 256, 3), (60, 140, 70), np.uint8)
    with MediaPipePose(asset) as pose:
        assert pose.estimate(lawn, 1.0) is None
        assert pose.estimate(lawn, 8.0) is None


def test_the_interpreter_exits_without_an_error_message(asset: Path) -> None:
    code = (
        "from pathlib import Path; from raasid.models.pose.mediapipe import MediaPipePose\n"
        f"with MediaPipePose(Path({str(asset)!r})) as pose: print(pose.name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "TypeError" not in done.stderr
    assert done.stdout.startswith("mediapipe/pose_landmarker_full@")
