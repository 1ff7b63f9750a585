"""The shift of the camera and cuts, from successive images."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from raasid.perception.camera_motion import CameraMotion

RNG = np.random.default_rng(0)


def scene(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (20, 40, 3), np.uint8)
    return cv2.resize(coarse, (1000, 500), interpolation=cv2.INTER_CUBIC)


def view(world: np.ndarray, x: int, y: int) -> np.ndarray:
    return world[y : y + 360, x : x + 640].copy()


def test_a_pan_is_measured_in_pixels_of_the_source() -> None:
    world, camera = scene(1), CameraMotion()
    assert camera.since_last(view(world, 100, 60)).shift.tolist() == [0, 0]
    motion = camera.since_last(view(world, 124, 52))
    assert motion.shift == pytest.approx([-24, 8], abs=2)
    assert not motion.cut


def test_another_camera_is_a_cut_and_no_shift() -> None:
    camera = CameraMotion()
    camera.since_last(view(scene(1), 100, 60))
    motion = camera.since_last(view(scene(2), 100, 60))
    assert motion.cut
    assert motion.shift.tolist() == [0, 0]


def test_players_who_run_do_not_move_the_camera() -> None:
    world, camera = scene(3), CameraMotion()
    for step in range(4):
        image = view(world, 50, 50)
        cv2.rectangle(image, (100 + 20 * step, 150), (140 + 20 * step, 260), (255, 255, 255), -1)
        motion = camera.since_last(image)
    assert np.abs(motion.shift).max() < 2


@pytest.mark.parametrize("shape", [(2, 2, 3), (5, 400, 3), (360, 640, 3)])
def test_flat_and_tiny_images_give_no_cut(shape: tuple[int, int, int]) -> None:
    camera = CameraMotion()
    for _ in range(2):
        motion = camera.since_last(np.zeros(shape, np.uint8))
        assert np.isfinite(motion.shift).all()
        assert not motion.cut


def test_another_size_is_a_cut() -> None:
    camera = CameraMotion()
    camera.since_last(np.zeros((360, 640, 3), np.uint8))
    assert camera.since_last(np.zeros((640, 360, 3), np.uint8)).cut
