"""Oracle models for tests: they return given predictions for the frame whose number the image carries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from raasid.footage.records import Ball, Clip, Frame, Keypoint, Person, Provenance
from raasid.io.image_reader import Image
from raasid.models.ball.module import BallModule, Detections
from raasid.models.pose.module import PoseModule
from raasid.models.pose.poses import People
from raasid.perception.loaded_model import LoadedModel
from raasid.perception.to_records import PerceptionSettings
from raasid.perception.tracker import PerceptionPipeline

SIZE = (320, 180)


def numbered_image(index: int, size: tuple[int, int] = SIZE) -> Image:
    """Return a grass-colored image with the frame's number in its first pixels; no cut is detected in it."""
    width, height = size
    image = np.full((height, width, 3), (40, 110, 50), np.uint8)
    image[:: height // 12, :, 1] = 150
    image[:24, :24] = index
    return image


class OracleBall(BallModule):
    """Returns the given balls of the numbered frame."""

    def __init__(self, predictions: Sequence[Detections], frames: int = 1) -> None:
        super().__init__(threshold=0.4)
        self.predictions, self.frames, self.num_images = predictions, frames, 0

    def detect(self, images: torch.Tensor, quick: bool = False) -> list[Detections]:
        self.num_images += len(images)
        middle = 3 * (self.frames // 2)
        return [self.predictions[int(image[4, 4, middle])] for image in images]

    def losses(self, batch: object) -> dict[str, torch.Tensor]:
        raise NotImplementedError


class OraclePose(PoseModule):
    """Returns the given people of the numbered frame."""

    def __init__(self, predictions: Sequence[People]) -> None:
        super().__init__()
        self.predictions, self.num_images = predictions, 0

    def predict(self, images: torch.Tensor, boxes: object = None) -> list[People]:
        self.num_images += len(images)
        return [self.predictions[int(image[4, 4, 0])] for image in images]

    def losses(self, batch: object) -> dict[str, torch.Tensor]:
        raise NotImplementedError


def moving_clip(count: int, people: int = 3, name: str = "clip") -> Clip:
    """Return a clip of a flying ball and running people, in `count` frames of SIZE."""
    frames = []
    for t in range(count):
        persons = tuple(
            _person(track, 40.0 + 80 * track + 1.5 * t, 60.0 + 8 * track) for track in range(people)
        )
        ball = Ball(30.0 + 10 * (t % 25), 40.0 + t % 25, 8, 8)
        frames.append(Frame(t, f"{name}/{t}.png", *SIZE, (ball,), persons))  # type: ignore[arg-type]
    return Clip(name, tuple(frames), Provenance("test", match=name))


def _person(track: int, x: float, y: float) -> Person:
    offsets = np.random.default_rng(7).uniform(0, 1, (17, 2)) * [18, 56] + [2, 2]
    joints: tuple[Keypoint, ...] = tuple((x + dx, y + dy, 2) for dx, dy in offsets.tolist())
    return Person(track, "player", (x, y, 22.0, 60.0), team="AB"[track % 2], keypoints=joints)


def oracle_predictions(clip: Clip) -> tuple[list[Detections], list[People]]:
    """Return the predictions of models without errors for each frame."""
    balls, people = [], []
    for frame in clip.frames:
        rows = [ball for ball in frame.balls if ball.visible]
        balls.append(
            Detections(
                np.array([(b.x, b.y) for b in rows], np.float32).reshape(-1, 2),
                np.array([(b.w, b.h) for b in rows], np.float32).reshape(-1, 2),
                np.full(len(rows), 0.9, np.float32),
            )
        )
        boxes = np.array([p.box for p in frame.persons], np.float32).reshape(-1, 4)
        joints = np.array([p.keypoints for p in frame.persons], np.float32).reshape(-1, 17, 3)
        joints[..., 2] /= 2
        boxes[:, 2:] += boxes[:, :2]
        people.append(People(boxes, np.full(len(boxes), 0.8, np.float32), joints))
    return balls, people


def oracle_pipeline(
    balls: Sequence[Detections],
    people: Sequence[People],
    settings: PerceptionSettings | None = None,
    frames: int = 1,
) -> PerceptionPipeline:
    """Return a pipeline of both oracle models."""
    ball, pose = OracleBall(balls, frames).eval(), OraclePose(people).eval()
    return PerceptionPipeline(
        LoadedModel(ball, SIZE, "ball@test"), LoadedModel(pose, SIZE, "pose@test"), settings
    )
