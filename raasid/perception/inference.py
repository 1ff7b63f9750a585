"""Batched inference of the ball and pose models on successive frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from raasid.datasets.frame_cache import fit_frame
from raasid.footage.records import Frame
from raasid.io.image_reader import Image
from raasid.models.ball.module import Array, BallModule, Detections
from raasid.models.pose.module import PoseModule
from raasid.models.pose.poses import People
from raasid.perception.camera_motion import CameraMotion
from raasid.perception.loaded_model import LoadedModel
from raasid.tracks.similarity import PersonDetections
from raasid.tracks.team_colors import shirt_color

BATCH = 4
"""Frames at a time: small enough for a processor's caches and for a short delay."""
MAX_BALL_SIZE = 0.3
"""Largest ball in heights of the nearest player. At the same distance a ball is 0.12 of them, and it rarely
is twice as near to the camera."""


@dataclass(slots=True, eq=False)
class FrameDetections:
    """Detections of one frame, before persons are tracked; pixels of the source frame."""

    frame: Frame
    shot: int
    """Rises by one at each cut."""
    shift: NDArray[np.float64]
    """(2,) pixels by which the image has moved since the shot's first frame."""
    balls: Detections = field(default_factory=Detections.empty)
    people: PersonDetections = field(default_factory=lambda: PersonDetections.of_boxes([]))


@dataclass(slots=True, eq=False)
class _PreparedFrame:
    detections: FrameDetections
    ball_input: Image | None
    pose_input: Image | None
    """Both None for a frame that cannot be read."""
    scales: tuple[float, float] = (1.0, 1.0)
    """Pixels of each input per source pixel."""


class BatchedInference:
    """Turns a stream of frames into a stream of detections; only a few frames are held at a time."""

    def __init__(
        self,
        ball: LoadedModel[BallModule],
        pose: LoadedModel[PoseModule],
        min_person_score: float,
        device: str,
    ) -> None:
        self._ball, self._pose, self._device = ball, pose, device
        self._min_person_score = min_person_score

    def __call__(self, images: Iterable[Image | None], frames: Iterable[Frame]) -> Iterator[FrameDetections]:
        """Yield the detections of each frame; a frame whose image is None has none."""
        camera, shift, shot = CameraMotion(), np.zeros(2), 0
        reach = self._ball.module.frames // 2
        waiting: list[_PreparedFrame] = []
        done = 0
        for image, frame in zip(images, frames, strict=True):
            if image is not None:
                motion = camera.since_last(image)
                shift = np.zeros(2) if motion.cut else shift + motion.shift
                shot += motion.cut
            waiting.append(self._prepare(image, FrameDetections(frame, shot, shift)))
            if len(waiting) == done + BATCH + reach:
                yield from self._predict(waiting, done, done + BATCH)
                waiting = waiting[done + BATCH - reach :] if reach else []
                done = reach
        yield from self._predict(waiting, done, len(waiting))

    def _prepare(self, image: Image | None, detections: FrameDetections) -> _PreparedFrame:
        if image is None:
            return _PreparedFrame(detections, None, None)
        ball, pose = (_input_size(model.size, image) for model in (self._ball, self._pose))
        height, width = image.shape[:2]
        if not detections.frame.width:
            detections.frame = replace(detections.frame, width=width, height=height)
        ball_input = fit_frame(image, width, height, ball)
        pose_input = ball_input if pose == ball else fit_frame(image, width, height, pose)
        scales = min(ball[0] / width, ball[1] / height), min(pose[0] / width, pose[1] / height)
        return _PreparedFrame(detections, ball_input, pose_input, scales)

    @torch.inference_mode()
    def _predict(self, waiting: list[_PreparedFrame], start: int, stop: int) -> Iterator[FrameDetections]:
        """Run both models on the frames from start to stop."""
        readable = [i for i in range(start, stop) if waiting[i].ball_input is not None]
        for rows in _runs_of_one_size(readable, [waiting[i].pose_input for i in readable]):
            windows = [self._window(waiting, row) for row in rows]
            # quick: neighbouring frames tell more than further predictions on the same image
            found = self._ball.module.detect(self._tensor(windows), quick=True)
            people = self._pose.module.predict(self._tensor([waiting[row].pose_input for row in rows]))
            for row, balls, persons in zip(rows, found, people, strict=True):
                prepared = waiting[row]
                scale = np.float32(prepared.scales[0])
                detections = prepared.detections
                detections.people = self._person_detections(prepared, persons)
                candidates = Detections(balls.xy / scale, balls.wh / scale, balls.score)
                detections.balls = filter_by_size(candidates, detections.people.boxes)
        for prepared in waiting[start:stop]:
            yield prepared.detections

    def _window(self, waiting: list[_PreparedFrame], row: int) -> Image:
        """Return the frame, between its neighbours of the same shot for models that see three."""
        reach = self._ball.module.frames // 2
        own = waiting[row]
        inputs = []
        for neighbour in range(row - reach, row + reach + 1):
            other = waiting[min(max(neighbour, 0), len(waiting) - 1)]
            usable = other.detections.shot == own.detections.shot and other.ball_input is not None
            inputs.append((other if usable else own).ball_input)
        return np.concatenate(inputs, axis=2) if reach else inputs[0]  # type: ignore[arg-type, return-value]

    def _tensor(self, images: Sequence[Image | None]) -> torch.Tensor:
        return torch.from_numpy(np.stack([image for image in images if image is not None])).to(self._device)

    def _person_detections(self, prepared: _PreparedFrame, people: People) -> PersonDetections:
        """Return people in source pixels, with the colors of their shirts."""
        assert prepared.pose_input is not None
        kept = people.score >= self._min_person_score
        joints = people.keypoints[kept]
        image = np.ascontiguousarray(prepared.pose_input[..., ::-1])
        shirts = np.array([shirt_color(image, person) for person in joints], np.float32).reshape(-1, 3)
        scaled = People(people.boxes[kept], people.score[kept], joints).scaled(1 / prepared.scales[1])
        corners = scaled.boxes
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        keypoints = scaled.keypoints.astype(np.float32)
        return PersonDetections(boxes.astype(np.float32), scaled.score, keypoints, shirts)


def _input_size(size: tuple[int, int], image: Image) -> tuple[int, int]:
    """Return the model's input size, transposed for a portrait image if the model's own is landscape."""
    height, width = image.shape[:2]
    return (size[1], size[0]) if (height > width) != (size[1] > size[0]) and height != width else size


def _runs_of_one_size(rows: list[int], images: Sequence[Image | None]) -> Iterator[list[int]]:
    """Group neighbouring rows whose images have one size, as a batch needs it."""
    run: list[int] = []
    last: tuple[int, ...] | None = None
    for row, image in zip(rows, images, strict=True):
        shape = None if image is None else image.shape
        if run and shape != last:
            yield run
            run = []
        run.append(row)
        last = shape
    if run:
        yield run


def filter_by_size(candidates: Detections, boxes: Array) -> Detections:
    """Drop candidates too large for a ball at the distance of the nearest player, such as heads and shirts.

    The smaller side counts, because motion blur enlarges only the other one. boxes: (K, 4) left, top, width,
    height of the people in the same frame and pixels; without any, every candidate is kept.
    """
    if not len(boxes) or not len(candidates.score):
        return candidates
    xy = candidates.xy[:, None]
    outside = np.maximum(np.maximum(boxes[:, :2] - xy, xy - boxes[:, :2] - boxes[:, 2:]), 0)
    nearest = np.linalg.norm(outside, axis=2).argmin(1)
    kept = candidates.wh.min(1) <= MAX_BALL_SIZE * boxes[nearest, 3]
    return Detections(candidates.xy[kept], candidates.wh[kept], candidates.score[kept])
