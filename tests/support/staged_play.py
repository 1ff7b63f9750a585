"""A player of sticks and a ball on green: footage of which everything is known, and eyes that see it."""

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
from raasid.models.context.module import ClipJudgement
from raasid.review.arm_distance import reach_of
from raasid.review.decision import ModelSaid
from raasid.review.review_clip import Reviewer
from raasid.tracks.track_arrays import ClipTracks

SIZE = (160, 120)
HAND = (112.0, 50.0)
TOUCHED = Facts(segment="forearm", goalkeeper=False, deliberate=True, in_own_area=False, denied="nothing")
UNTOUCHED = Facts(segment="none")


def person(x: float = 80.0, top: float = 30.0, tall: float = 72.0, track: int = 3) -> Person:
    """Somebody who stretches the left arm to the right of the picture; the hand is at `HAND`."""
    unit = tall / 72.0

    def at(dx: float, dy: float) -> Keypoint:
        return x + dx * unit, top + dy * unit, 2

    places = [
        (0, 5), (2, 4), (-2, 4), (3, 5), (-3, 5), (6, 16), (-6, 16), (18, 18), (-9, 27), (30, 20), (-9, 37),
        (4, 40), (-4, 40), (4, 55), (-4, 55), (4, 70), (-4, 70),
    ]  # fmt: skip
    box = (x - 12 * unit, top, 44 * unit, tall)
    return Person(track, "player", box, "red", tuple(at(*place) for place in places))


def ball(x: float, y: float, seen: bool = True) -> Ball:
    return Ball(x, y, 6.0, 6.0, Visibility.CLEAR if seen else Visibility.HIDDEN)


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


def film_of(
    path: Path, frames: Sequence[Frame], rate: float = 25.0, size: tuple[int, int] = SIZE, codec: str = "mp4v"
) -> Source:
    """Write the play as a video."""
    scale = size[0] / SIZE[0], size[1] / SIZE[1]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, size)
    for frame in frames:
        image = np.full((SIZE[1], SIZE[0], 3), (60, 140, 70), np.uint8)
        for someone in frame.persons:
            for x, y, _ in someone.keypoints:
                cv2.circle(image, (round(x), round(y)), 2, (200, 60, 60), -1)
        for one in frame.balls:
            cv2.circle(image, (round(one.x), round(one.y)), 3, (255, 255, 255), -1)
        writer.write(cv2.resize(image, None, fx=scale[0], fy=scale[1])[: size[1], : size[0]])
    writer.release()
    return Source(str(path), path.name)


@dataclass(slots=True)
class Eyes:
    """Sees what is true; can be killed at a frame."""

    truth: Sequence[Frame]
    name: str = "eyes-1"
    killed_at: int | None = None
    looked: list[int] = field(default_factory=list)

    def look_through(
        self,
        images: Iterable[np.ndarray],
        frames: Iterable[Frame],
        advance: Callable[[int], None] | None = None,
        frame_rate_hz: float = 25.0,
    ) -> Iterator[Frame]:
        for image, frame in zip(images, frames, strict=True):
            if frame.index == self.killed_at:
                raise KeyboardInterrupt
            assert image.shape[:2] == (frame.height, frame.width)
            self.looked.append(frame.index)
            known = self.truth[frame.index % len(self.truth)]
            yield replace(frame, balls=known.balls, persons=known.persons)


@dataclass(slots=True)
class Rule:
    """Calls every touch of an arm deliberate."""

    sure: float = 0.95
    asked: list[tuple[int, str]] = field(default_factory=list)
    always: bool = False
    foreign: bool = False

    def judge(self, clips: Sequence[ClipTracks], ids: Sequence[str], edition: str) -> list[ClipJudgement]:
        said = []
        for tracks, name in zip(clips, ids, strict=True):
            self.asked.append((len(tracks.index), edition))
            reach = reach_of(tracks)
            at = reach.nearest()
            touched = self.always or (at is not None and reach.gap[at] < 0.1)
            facts = TOUCHED if touched else UNTOUCHED
            p = self.sure if touched else 1 - self.sure
            said.append(
                ClipJudgement(
                    clip=name,
                    facts={"segment": {"forearm": p, "none": 1 - p}, "deliberate": {True: p, False: 1 - p}},
                    likeliest=facts,
                    ruling=decide(facts, edition),
                    offence=p,
                    abstained=self.foreign,
                    reasons=("unlike anything known",) if self.foreign else (),
                    details={"trusted": float(not self.foreign)},
                    contact_frame=at if touched else None,
                    contact_track=None if at is None or not touched else int(reach.track[at]),
                    side="left" if touched else "none",
                )
            )
        return said


def reviewer(truth: Sequence[Frame], judge: Rule | None = None, eyes: Eyes | None = None) -> Reviewer:
    models = {name: ModelSaid(file=f"{name}.ckpt", sha256="0" * 64) for name in ("ball", "pose", "context")}
    return Reviewer(eyes or Eyes(truth), judge or Rule(), models)


@contextmanager
def quiet(description: str, total: int) -> Iterator[Callable[[int], None]]:
    yield lambda steps: None


def read_back(path: Path) -> list[np.ndarray]:
    """Every frame of a video."""
    capture = cv2.VideoCapture(str(path))
    images = []
    while True:
        good, image = capture.read()
        if not good:
            return images
        images.append(image)
