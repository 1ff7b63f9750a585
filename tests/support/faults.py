"""Faults planted into a clean league: each function returns the footage with the faults and their frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from raasid.footage.records import Clip, Frame, Person
from raasid.validation.image_stats import FrameKey

Planted = tuple[list[Clip], set[FrameKey]]
Rng = np.random.Generator
SHARE = 0.1
MIN_SWAP = 0.15
"""Fraction of the person's height: wrists closer than this cannot be distinguished, nor need they be."""


def _where(clips: Sequence[Clip], rng: Rng, share: float, first: int = 0) -> set[FrameKey]:
    keys = [(clip.id, frame.index) for clip in clips for frame in clip.frames[first:]]
    chosen = rng.choice(len(keys), max(1, round(share * len(keys))), replace=False)
    return {keys[k] for k in chosen}


def _each(
    clips: Sequence[Clip], keys: set[FrameKey], change: Callable[[Clip, int, Frame], Frame]
) -> list[Clip]:
    return [
        replace(
            clip,
            frames=tuple(
                change(clip, k, frame) if (clip.id, frame.index) in keys else frame
                for k, frame in enumerate(clip.frames)
            ),
        )
        for clip in clips
    ]


def _repainted(folder: Path, frame: Frame, name: str, image: np.ndarray, quality: int = 90) -> Frame:
    path = folder / f"{name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return replace(frame, image=path)


def splits_of(clips: Sequence[Clip]) -> dict[str, list[str]]:
    """The first match is the test, the second the selection, the rest training."""
    matches = sorted({clip.match for clip in clips})
    use = {match: ("test", "val")[k] if k < 2 else "train" for k, match in enumerate(matches)}
    return {name: [clip.id for clip in clips if use[clip.match] == name] for name in ("train", "val", "test")}


def blur(clips: Sequence[Clip], rng: Rng, folder: Path) -> Planted:
    """Out of focus by 2 to 4 pixels (standard deviation) at a width of 640."""
    keys = _where(clips, rng, SHARE)

    def change(clip: Clip, k: int, frame: Frame) -> Frame:
        sigma = rng.uniform(2.0, 4.0) * frame.width / 640
        image = cv2.GaussianBlur(cv2.imread(str(frame.image)), (0, 0), sigma)
        return _repainted(folder, frame, f"blur/{clip.id}-{k}", image)

    return _each(clips, keys, change), keys


def black(clips: Sequence[Clip], rng: Rng, folder: Path) -> Planted:
    """Black with sensor noise, or of one colour."""
    keys = _where(clips, rng, SHARE)

    def change(clip: Clip, k: int, frame: Frame) -> Frame:
        level = rng.choice([0.0, 4.0, 128.0])
        noise = 0.0 if level > 100 else 1.5
        image = rng.normal(level, noise, (frame.height, frame.width, 3)).clip(0, 255).astype(np.uint8)
        return _repainted(folder, frame, f"black/{clip.id}-{k}", image)

    return _each(clips, keys, change), keys


def frozen(clips: Sequence[Clip], rng: Rng, folder: Path) -> Planted:
    """Copies of the previous frame, recompressed; a run of them repeats the first."""
    keys = _where(clips, rng, SHARE, first=1)

    def change(clip: Clip, k: int, frame: Frame) -> Frame:
        source = k - 1
        while (clip.id, clip.frames[source].index) in keys:
            source -= 1
        image = cv2.imread(str(clip.frames[source].image))
        return _repainted(folder, frame, f"frozen/{clip.id}-{k}", image, int(rng.integers(70, 95)))

    return _each(clips, keys, change), keys


def split_twins(clips: Sequence[Clip], rng: Rng, folder: Path) -> Planted:
    """Frames of another split: smaller, recompressed, slightly brighter or darker."""
    keys = _where(clips, rng, SHARE / 2)
    split_of = {clip: split for split, ids in splits_of(clips).items() for clip in ids}

    def change(clip: Clip, k: int, frame: Frame) -> Frame:
        others = [c for c in clips if split_of[c.id] != split_of[clip.id]]
        source = others[rng.integers(len(others))]
        whole = [f for f in source.frames if (source.id, f.index) not in keys]
        image = cv2.imread(str(whole[rng.integers(len(whole))].image)).astype(np.float32)
        image = (image * rng.uniform(0.9, 1.1)).clip(0, 255).astype(np.uint8)
        image = cv2.resize(image, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
        return _repainted(folder, frame, f"twins/{clip.id}-{k}", image, int(rng.integers(60, 95)))

    return _each(clips, keys, change), keys


def outside(clips: Sequence[Clip], rng: Rng, folder: Path) -> Planted:
    """One person or ball of a frame is moved past the edge, by a tenth of the frame or more."""
    keys = _where(clips, rng, SHARE)
    planted: set[FrameKey] = set()

    def change(clip: Clip, k: int, frame: Frame) -> Frame:
        candidates = [n for n, person in enumerate(frame.persons) if min(person.box[2:]) > 0]
        if not candidates:
            return frame
        planted.add((clip.id, frame.index))
        chosen = candidates[rng.integers(len(candidates))]
        x, y, w, h = frame.persons[chosen].box
        by = rng.uniform(0.02, 0.5)
        side = rng.integers(4)
        x = [x, x, -by * frame.width, frame.width * (1 + by) - w][side]
        y = [-by * frame.height, frame.height * (1 + by) - h, y, y][side]
        persons = list(frame.persons)
        persons[chosen] = replace(persons[chosen], box=(x, y, w, h), keypoints=())
        return replace(frame, persons=tuple(persons))

    return _each(clips, keys, change), planted


def swapped_wrists(clips: Sequence[Clip], rng: Rng, folder: Path) -> Planted:
    """Left and right wrist of one person in a frame are swapped."""
    keys = _where(clips, rng, SHARE)
    planted: set[FrameKey] = set()

    def change(clip: Clip, k: int, frame: Frame) -> Frame:
        candidates = [n for n, person in enumerate(frame.persons) if _far_apart(person)]
        if not candidates:
            return frame
        planted.add((clip.id, frame.index))
        persons = list(frame.persons)
        chosen = candidates[rng.integers(len(candidates))]
        points = list(persons[chosen].keypoints)
        points[9], points[10] = points[10], points[9]
        persons[chosen] = replace(persons[chosen], keypoints=tuple(points))
        return replace(frame, persons=tuple(persons))

    return _each(clips, keys, change), planted


def _far_apart(person: Person) -> bool:
    if len(person.keypoints) < 17:
        return False
    (x0, y0, visible0), (x1, y1, visible1) = person.keypoints[9:11]
    apart = float(np.hypot(x1 - x0, y1 - y0))
    return bool(visible0 and visible1 and apart > MIN_SWAP * person.box[3])


def missing_balls(clips: Sequence[Clip], rng: Rng, folder: Path) -> Planted:
    """A fifth of the frames with a visible ball lose it."""
    candidates = {(clip.id, frame.index) for clip in clips for frame in clip.frames if frame.ball is not None}
    ordered = sorted(candidates)
    keys = {ordered[k] for k in rng.choice(len(ordered), round(0.2 * len(ordered)), replace=False)}
    return _each(clips, keys, lambda _, __, frame: replace(frame, balls=())), keys


def displaced_joint(clips: Sequence[Clip], rng: Rng, folder: Path) -> Planted:
    """One joint of one person is moved a body height away."""
    keys = _where(clips, rng, SHARE)
    planted: set[FrameKey] = set()

    def change(clip: Clip, k: int, frame: Frame) -> Frame:
        candidates = [
            n for n, person in enumerate(frame.persons) if sum(s > 0 for *_, s in person.keypoints) >= 15
        ]
        if not candidates:
            return frame
        planted.add((clip.id, frame.index))
        persons = list(frame.persons)
        chosen = candidates[rng.integers(len(candidates))]
        points = list(persons[chosen].keypoints)
        joint = int(rng.choice([7, 8, 9, 10, 13, 14, 15, 16]))
        angle = rng.uniform(0, 2 * np.pi)
        distance = 1.2 * max(persons[chosen].box[2:])
        x, y, visibility = points[joint]
        points[joint] = (x + distance * np.cos(angle), y + distance * np.sin(angle), max(visibility, 1))
        persons[chosen] = replace(persons[chosen], keypoints=tuple(points))
        return replace(frame, persons=tuple(persons))

    return _each(clips, keys, change), planted


def ball_elsewhere(clips: Sequence[Clip], rng: Rng, folder: Path) -> Planted:
    """The ball of single frames is moved by a quarter of the frame."""
    candidates = [
        (clip.id, clip.frames[k].index)
        for clip in clips
        for k in range(1, len(clip.frames) - 1)
        if all(clip.frames[k + d].ball is not None for d in (-1, 0, 1))
    ]
    keys: set[FrameKey] = {
        candidates[k] for k in rng.choice(len(candidates), len(candidates) // 10, replace=False)
    }
    isolated = {(c, i) for c, i in keys if (c, i - 1) not in keys}

    def change(clip: Clip, k: int, frame: Frame) -> Frame:
        ball = frame.balls[0]
        to = (ball.x + frame.width / 4) % frame.width
        return replace(frame, balls=(replace(ball, x=to), *frame.balls[1:]))

    return _each(clips, isolated, change), isolated


FAULTS: dict[str, tuple[str, Callable[[Sequence[Clip], Rng, Path], Planted]]] = {
    "blur": ("blurred", blur),
    "black": ("black", black),
    "frozen": ("frozen", frozen),
    "duplicates across splits": ("near_identical_across_splits", split_twins),
    "boxes outside": ("box_outside", outside),
    "swapped wrists": ("swapped_sides", swapped_wrists),
    "missing balls 20 %": ("missing_ball", missing_balls),
    "displaced joints": ("impossible_skeleton", displaced_joint),
    "ball elsewhere": ("ball_jump", ball_elsewhere),
}
"""Name of the fault, kind of finding, and the function that plants it."""
