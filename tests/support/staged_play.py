"""A stick figure and a ball on grass: footage with known ground truth, and fakes of the models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from raasid.collect.source_discovery import Source
from raasid.footage.records import Ball, Frame, Keypoint, Person, Visibility
from raasid.laws.decide import decide
from raasid.laws.facts import Facts
from raasid.models.context.module import ContextPrediction
from raasid.review.arm_distance import measure_arm_distance
from raasid.review.decision import ModelInfo
from raasid.review.review_clip import ReviewModels
from raasid.tracks.track_arrays import ClipTracks

SIZE = (160, 120)
HAND = (112.0, 50.0)
TOUCHED = Facts(segment="forearm", goalkeeper=False, deliberate=True, in_own_area=False, denied="nothing")
UNTOUCHED = Facts(segment="none")


def person(x: float = 80.0, top: float = 30.0, tall: float = 72.0, track: int = 3) -> Person:
    """A person whose left arm points to the right of the image; the hand is at `HAND`."""
    unit = tall / 72.0

    def at(dx: float, dy: float) -> Keypoint:
        return x + dx * unit, top + dy * unit, 2

    points = [
        (0, 5), (2, 4), (-2, 4), (3, 5), (-3, 5), (6, 16), (-6, 16), (18, 18), (-9, 27), (30, 20), (-9, 37),
        (4, 40), (-4, 40), (4, 55), (-4, 55), (4, 70), (-4, 70),
    ]  # fmt: skip
    box = (x - 12 * unit, top, 44 * unit, tall)
    return Person(track, "player", box, "red", tuple(at(*point) for point in points))


def ball(x: float, y: float, visible: bool = True) -> Ball:
    return Ball(x, y, 6.0, 6.0, Visibility.CLEAR if visible else Visibility.HIDDEN)


def bounce(at: int, frame: int) -> Ball:
    """A ball that comes from the right, touches the hand in frame `at`, and drops back."""
    away = frame - at
    x = HAND[0] + 6.0 * abs(away)
    return ball(x, HAND[1] + (0.0 if away < 0 else 3.0 * away))


def play(frames: int = 20, at: int = 10, **changed: object) -> list[Frame]:
    """Frames of a bounce off the arm; `changed`: fields of every frame."""
    found = []
    for index in range(frames):
        blank = Frame(index, Path("clip.mp4"), *SIZE, in_video=True)
        found.append(replace(blank, balls=(bounce(at, index),), persons=(person(),)))
    return [replace(frame, **changed) for frame in found]  # type: ignore[arg-type]


def write_clip(
    path: Path, frames: Sequence[Frame], rate: float = 25.0, size: tuple[int, int] = SIZE, codec: str = "mp4v"
) -> Source:
    """Write the frames as a video."""
    scale = size[0] / SIZE[0], size[1] / SIZE[1]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, size)
    for frame in frames:
        image = np.full((SIZE[1], SIZE[0], 3), (60, 140, 70), np.uint8)
        for player in frame.persons:
            for x, y, _ in player.keypoints:
                cv2.circle(image, (round(x), round(y)), 2, (200, 60, 60), -1)
        for one in frame.balls:
            cv2.circle(image, (round(one.x), round(one.y)), 3, (255, 255, 255), -1)
        writer.write(cv2.resize(image, None, fx=scale[0], fy=scale[1])[: size[1], : size[0]])
    writer.release()
    return Source(str(path), path.name)


@dataclass(slots=True)
class FakeTracker:
    """Returns the ground truth; can be killed at a frame."""

    truth: Sequence[Frame]
    name: str = "tracker-1"
    killed_at: int | None = None
    tracked: list[int] = field(default_factory=list)

    def track_stream(
        self,
        images: Iterable[np.ndarray],
        frames: Iterable[Frame],
        update: Callable[[int], None] | None = None,
        frame_rate_hz: float = 25.0,
    ) -> Iterator[Frame]:
        for image, frame in zip(images, frames, strict=True):
            if frame.index == self.killed_at:
                raise KeyboardInterrupt
            assert image.shape[:2] == (frame.height, frame.width)
            self.tracked.append(frame.index)
            known = self.truth[frame.index % len(self.truth)]
            yield replace(frame, balls=known.balls, persons=known.persons)


@dataclass(slots=True)
class FakeContextModel:
    """Predicts that every touch of an arm is deliberate."""

    confidence: float = 0.95
    calls: list[tuple[int, str]] = field(default_factory=list)
    always_touch: bool = False
    out_of_distribution: bool = False

    def predict_clips(
        self, clips: Sequence[ClipTracks], ids: Sequence[str], edition: str
    ) -> list[ContextPrediction]:
        predictions = []
        for tracks, name in zip(clips, ids, strict=True):
            self.calls.append((len(tracks.index), edition))
            distance = measure_arm_distance(tracks)
            at = distance.nearest()
            touched = self.always_touch or (at is not None and distance.gap[at] < 0.1)
            facts = TOUCHED if touched else UNTOUCHED
            p = self.confidence if touched else 1 - self.confidence
            predictions.append(
                ContextPrediction(
                    clip=name,
                    facts={"segment": {"forearm": p, "none": 1 - p}, "deliberate": {True: p, False: 1 - p}},
                    most_likely=facts,
                    ruling=decide(facts, edition),
                    offence=p,
                    abstained=self.out_of_distribution,
                    reasons=("unlike anything known",) if self.out_of_distribution else (),
                    details={"in_distribution_weight": float(not self.out_of_distribution)},
                    contact_frame=at if touched else None,
                    contact_track=None if at is None or not touched else int(distance.track[at]),
                    side="left" if touched else "none",
                )
            )
        return predictions


def review_models(
    truth: Sequence[Frame], predictor: FakeContextModel | None = None, tracker: FakeTracker | None = None
) -> ReviewModels:
    info = {name: ModelInfo(file=f"{name}.ckpt", sha256="0" * 64) for name in ("ball", "pose", "context")}
    return ReviewModels(tracker or FakeTracker(truth), predictor or FakeContextModel(), info)


@contextmanager
def no_progress(description: str, total: int) -> Iterator[Callable[[int], None]]:
    yield lambda steps: None


def read_frames(path: Path) -> list[np.ndarray]:
    """Every frame of a video."""
    capture = cv2.VideoCapture(str(path))
    images = []
    while True:
        good, image = capture.read()
        if not good:
            return images
        images.append(image)
