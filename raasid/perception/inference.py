"""Pictures into both nets, a few at a time; what they say in pixels of the source frames.

A trained model, and how large the pictures were that it was trained on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from raasid.config.build import build
from raasid.datasets.frame_cache import fitted
from raasid.errors import CheckpointUnusable
from raasid.footage.media import Image
from raasid.footage.records import Frame
from raasid.models.ball.module import Array, BallModule, Detections
from raasid.models.checkpoints import load_checkpoint, load_weights
from raasid.models.config import model_section
from raasid.models.layers import fold_norms
from raasid.models.module import TaskModule
from raasid.models.pose.module import PoseModule
from raasid.models.pose.poses import People
from raasid.perception.camera_motion import CameraMotion
from raasid.tracks.similarity import Sightings
from raasid.tracks.team_colors import shirt

Module = TypeVar("Module", bound=TaskModule)


@dataclass(frozen=True, slots=True, eq=False)
class Upstream(Generic[Module]):
    """Weights with the size (width, height) in pixels at which they look, and a name by content."""

    module: Module
    size: tuple[int, int]
    name: str


def upstream_ball(path: Path, device: str) -> Upstream[BallModule]:
    """The ball model of a checkpoint. Raises CheckpointUnusable."""
    module, size = _loaded(path, device)
    if not isinstance(module, BallModule):
        raise _other_task(path, module, "ball")
    name = f"ball@{_digest(module, size)}"
    return Upstream(fold_norms(module), size, name)


def upstream_pose(path: Path, device: str) -> Upstream[PoseModule]:
    """The pose model of a checkpoint. Raises CheckpointUnusable."""
    module, size = _loaded(path, device)
    if not isinstance(module, PoseModule):
        raise _other_task(path, module, "pose")
    name = f"pose@{_digest(module, size)}"
    return Upstream(fold_norms(module), size, name)


def _loaded(path: Path, device: str) -> tuple[TaskModule, tuple[int, int]]:
    """Weights, operating point and input size all come from the file."""
    trained = load_checkpoint(path).get("config")
    if not isinstance(trained, dict):
        raise CheckpointUnusable(path, "holds no configuration; it was not written by `raasid train`")
    module: TaskModule = build(model_section(trained["model"]))
    load_weights(module, path)
    data = trained["data"]
    scale = data.get("eval_scale") or 1.0
    width, height = (round(edge * scale) for edge in data["size"])
    return module.to(device).eval(), (width, height)


def _other_task(path: Path, module: TaskModule, wanted: str) -> CheckpointUnusable:
    return CheckpointUnusable(path, f"holds a {type(module).__name__}; a {wanted} model is needed here")


def _digest(module: TaskModule, size: tuple[int, int]) -> str:
    """Eight hex digits of weights, kind, size and operating point: what an answer depends on."""
    digest = hashlib.sha256()
    facts = type(module).__name__, size, getattr(module, "operating_threshold", None)
    digest.update(json.dumps(facts).encode())
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().reshape(-1).contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:8]


BATCH = 4
"""Frames at a time: both nets then keep within a processor's caches, and little waits."""


@dataclass(slots=True, eq=False)
class Look:
    """One frame, before anybody says who is who."""

    frame: Frame
    shot: int
    """Rises by one at each cut."""
    shift: NDArray[np.float64]
    """(2,) source pixels by which the picture has moved since the shot's first frame."""
    candidates: Detections = field(default_factory=Detections.none)
    people: Sightings = field(default_factory=lambda: Sightings.of_boxes([]))


@dataclass(slots=True, eq=False)
class _Waiting:
    look: Look
    ball_picture: Image | None
    pose_picture: Image | None
    """Both None for a frame that could not be read."""
    scales: tuple[float, float] = (1.0, 1.0)
    """Pixels of either picture per source pixel."""


class Looking:
    """Frames in order in, looks in order out; no more than a few frames are held at any time."""

    def __init__(
        self, ball: Upstream[BallModule], pose: Upstream[PoseModule], person_unsure: float, device: str
    ) -> None:
        self._ball, self._pose, self._device = ball, pose, device
        self._person_unsure = person_unsure

    def __call__(self, images: Iterable[Image | None], frames: Iterable[Frame]) -> Iterator[Look]:
        """Look at frames; an image that is None could not be read, and shows nothing."""
        camera, shift, shot = CameraMotion(), np.zeros(2), 0
        reach = self._ball.module.frames // 2
        waiting: list[_Waiting] = []
        done = 0
        for image, frame in zip(images, frames, strict=True):
            if image is not None:
                motion = camera.since_last(image)
                shift = np.zeros(2) if motion.cut else shift + motion.shift
                shot += motion.cut
            waiting.append(self._prepared(image, Look(frame, shot, shift)))
            if len(waiting) == done + BATCH + reach:
                yield from self._answered(waiting, done, done + BATCH)
                waiting = waiting[done + BATCH - reach :] if reach else []
                done = reach
        yield from self._answered(waiting, done, len(waiting))

    def _prepared(self, image: Image | None, look: Look) -> _Waiting:
        if image is None:
            return _Waiting(look, None, None)
        ball, pose = (_upright(up.size, image) for up in (self._ball, self._pose))
        height, width = image.shape[:2]
        if not look.frame.width:
            look.frame = replace(look.frame, width=width, height=height)
        ball_picture = fitted(image, width, height, ball)
        pose_picture = ball_picture if pose == ball else fitted(image, width, height, pose)
        scales = min(ball[0] / width, ball[1] / height), min(pose[0] / width, pose[1] / height)
        return _Waiting(look, ball_picture, pose_picture, scales)

    @torch.inference_mode()
    def _answered(self, waiting: list[_Waiting], start: int, stop: int) -> Iterator[Look]:
        """Show the frames from start to stop to the nets."""
        seen = [at for at in range(start, stop) if waiting[at].ball_picture is not None]
        for alike in _runs(seen, [waiting[at].pose_picture for at in seen]):
            windows = [self._window(waiting, at) for at in alike]
            # one look at each frame: its neighbours tell more than further looks at the same picture
            found = self._ball.module.detect(self._tensor(windows), quick=True)
            people = self._pose.module.look(self._tensor([waiting[at].pose_picture for at in alike]))
            for at, balls, persons in zip(alike, found, people, strict=True):
                item = waiting[at]
                scale = np.float32(item.scales[0])
                item.look.people = self._sightings(item, persons)
                everything = Detections(balls.xy / scale, balls.wh / scale, balls.score)
                item.look.candidates = small_enough(everything, item.look.people.boxes)
        for item in waiting[start:stop]:
            yield item.look

    def _window(self, waiting: list[_Waiting], at: int) -> Image:
        """The picture, or it between its neighbours of the same shot for nets that see three."""
        reach = self._ball.module.frames // 2
        own = waiting[at]
        pictures = []
        for other in range(at - reach, at + reach + 1):
            there = waiting[min(max(other, 0), len(waiting) - 1)]
            same = there.look.shot == own.look.shot and there.ball_picture is not None
            pictures.append((there if same else own).ball_picture)
        return np.concatenate(pictures, axis=2) if reach else pictures[0]  # type: ignore[arg-type, return-value]

    def _tensor(self, pictures: Sequence[Image | None]) -> torch.Tensor:
        return torch.from_numpy(np.stack([p for p in pictures if p is not None])).to(self._device)

    def _sightings(self, item: _Waiting, people: People) -> Sightings:
        """In source pixels, with the colours of their shirts."""
        assert item.pose_picture is not None
        kept = people.score >= self._person_unsure
        joints = people.keypoints[kept]
        picture = np.ascontiguousarray(item.pose_picture[..., ::-1])
        kits = np.array([shirt(picture, person) for person in joints], np.float32).reshape(-1, 3)
        own = People(people.boxes[kept], people.score[kept], joints).scaled(1 / item.scales[1])
        corners = own.boxes
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        return Sightings(boxes.astype(np.float32), own.score, own.keypoints.astype(np.float32), kits)


def _upright(size: tuple[int, int], image: Image) -> tuple[int, int]:
    """The net's size, turned for a picture that stands while the net's own lies."""
    height, width = image.shape[:2]
    return (size[1], size[0]) if (height > width) != (size[1] > size[0]) and height != width else size


def _runs(rows: list[int], pictures: Sequence[Image | None]) -> Iterator[list[int]]:
    """Neighbouring rows whose pictures are of one size: a net takes no others at once."""
    run: list[int] = []
    last: tuple[int, ...] | None = None
    for row, picture in zip(rows, pictures, strict=True):
        shape = None if picture is None else picture.shape
        if run and shape != last:
            yield run
            run = []
        run.append(row)
        last = shape
    if run:
        yield run


LARGEST = 0.3
"""Heights of the next player. At his place a ball is 0.12 of them, and seldom twice as near to the camera."""


def small_enough(found: Detections, boxes: Array) -> Detections:
    """Leave out candidates whose smaller side is more than that; motion blur makes only the other one grow.

    boxes: (K, 4) left, top, width, height of the people in the same frame and pixels; without any, every
    candidate stays.
    """
    if not len(boxes) or not len(found.score):
        return found
    outside = np.maximum(
        np.maximum(boxes[:, :2] - found.xy[:, None], found.xy[:, None] - boxes[:, :2] - boxes[:, 2:]), 0
    )
    next_to = np.linalg.norm(outside, axis=2).argmin(1)
    kept = found.wh.min(1) <= LARGEST * boxes[next_to, 3]
    return Detections(found.xy[kept], found.wh[kept], found.score[kept])
