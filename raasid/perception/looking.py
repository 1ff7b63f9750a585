"""Pictures into both nets, a few at a time; what they say in pixels of the source frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from raasid.data.frame_cache import fitted
from raasid.data.media import Image
from raasid.data.records import Frame
from raasid.data.tracks.kits import shirt
from raasid.data.tracks.sightings import Sightings
from raasid.models.ball.detections import Detections
from raasid.models.ball.module import BallModule
from raasid.models.pose.module import PoseModule
from raasid.models.pose.people import People
from raasid.perception.ball_size import small_enough
from raasid.perception.camera_motion import CameraMotion
from raasid.perception.upstream import Upstream

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
