"""Numbers of footage whose distribution may drift: of frames, of clips, of tags and facts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from raasid.data.checks.sight import Sight
from raasid.data.records import Clip, Frame

_MOST_FRAMES = 50
"""Of a clip; more tell little that is new, and permuting them costs time."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Values of one feature, and the clip (0, 1, …) of each."""

    values: list[float] = field(default_factory=list)
    units: list[int] = field(default_factory=list)

    def add(self, value: float, unit: int) -> None:
        """Note one finite value."""
        if math.isfinite(value):
            self.values.append(value)
            self.units.append(unit)


def features(clips: Sequence[Clip], sight: Sight) -> dict[str, Feature]:
    """Take the features of footage; lengths are in shares of the frame's width.

    A tag or a value of a fact is 1 for clips that have it and 0 for the others.
    """
    out: dict[str, Feature] = defaultdict(Feature)
    for unit, clip in enumerate(clips):
        step = max(1, math.ceil(len(clip.frames) / _MOST_FRAMES))
        for frame in clip.frames[::step]:
            for name, value in _of_frame(frame):
                out[name].add(value, unit)
            if seen := sight.looks.get((clip.id, frame.index)):
                out["brightness"].add(seen.brightness, unit)
                out["contrast"].add(seen.contrast, unit)
                out["sharpness"].add(seen.sharpness, unit)
        for name, fact in clip.facts.items():
            if isinstance(fact, bool | str):
                out[f"fact {name}={str(fact).lower()}"].add(1.0, unit)
            else:
                out[f"fact {name}"].add(float(fact), unit)
        for tag in clip.tags:
            out[f"tag {tag}"].add(1.0, unit)
    return dict(out)


def fill_absent(feature: Feature | None, clips: int) -> Feature:
    """A tag's feature, with 0 for clips that do not have it."""
    has = set(feature.units) if feature else set()
    return Feature([float(unit in has) for unit in range(clips)], list(range(clips)))


def _of_frame(frame: Frame) -> Iterator[tuple[str, float]]:
    yield "persons per frame", float(len(frame.persons))
    yield "frames with a ball", float(frame.ball is not None)
    ball = frame.ball
    if ball is not None and frame.width and frame.height:
        yield "ball x", ball.x / frame.width
        yield "ball y", ball.y / frame.height
        if ball.w > 0 and ball.h > 0:
            yield "ball size", min(ball.w, ball.h) / frame.width
