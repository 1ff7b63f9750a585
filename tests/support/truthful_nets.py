"""Stand-ins for trained nets: they read the truth off the picture, or off a list, with errors on demand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from raasid.footage.media import Image
from raasid.footage.records import Ball, Clip, Frame, Keypoint, Person, Provenance
from raasid.models.ball.module import BallModule, Detections
from raasid.models.pose.module import PoseModule
from raasid.models.pose.poses import People
from raasid.perception.inference import Upstream
from raasid.perception.settings import PerceptionSettings
from raasid.perception.tracker import Perception

SIZE = (320, 180)


def picture(index: int, size: tuple[int, int] = SIZE) -> Image:
    """A frame that carries its own number in its first pixels; grass, so that nothing seems to be cut."""
    width, height = size
    image = np.full((height, width, 3), (40, 110, 50), np.uint8)
    image[:: height // 12, :, 1] = 150
    image[:24, :24] = index
    return image


class TruthfulBall(BallModule):
    """Knows where the ball is in frame number n; the number is read off the picture."""

    def __init__(self, answers: Sequence[Detections], frames: int = 1) -> None:
        super().__init__(threshold=0.4)
        self.answers, self.frames, self.looked = answers, frames, 0

    def detect(self, images: torch.Tensor, quick: bool = False) -> list[Detections]:
        self.looked += len(images)
        middle = 3 * (self.frames // 2)
        return [self.answers[int(image[4, 4, middle])] for image in images]

    def losses(self, batch: object) -> dict[str, torch.Tensor]:
        raise NotImplementedError


class TruthfulPose(PoseModule):
    """Knows who is in frame number n."""

    def __init__(self, answers: Sequence[People]) -> None:
        super().__init__()
        self.answers, self.looked = answers, 0

    def look(self, images: torch.Tensor, boxes: object = None) -> list[People]:
        self.looked += len(images)
        return [self.answers[int(image[4, 4, 0])] for image in images]

    def losses(self, batch: object) -> dict[str, torch.Tensor]:
        raise NotImplementedError


def clip_of(count: int, people: int = 3, name: str = "clip") -> Clip:
    """A ball that flies and people who run, in `count` frames of SIZE."""
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


def answers_of(clip: Clip) -> tuple[list[Detections], list[People]]:
    """What nets without errors would say of each frame."""
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


def perception_of(
    balls: Sequence[Detections],
    people: Sequence[People],
    settings: PerceptionSettings | None = None,
    frames: int = 1,
) -> Perception:
    """Both stand-ins, at work."""
    ball, pose = TruthfulBall(balls, frames).eval(), TruthfulPose(people).eval()
    return Perception(Upstream(ball, SIZE, "ball@test"), Upstream(pose, SIZE, "pose@test"), settings)
