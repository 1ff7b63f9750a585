"""Distribution drift: features that differ from a reference by more than chance, and enough to matter."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from raasid.footage.records import Clip, Frame
from raasid.stats.false_discovery import adjust_p_values
from raasid.stats.permutation import wasserstein_permutation_test
from raasid.validation.image_stats import ImageStatsIndex
from raasid.validation.options import DriftRule

_MAX_FRAMES = 50
"""Per clip; more frames add little information, and permuting them takes time."""


@dataclass(frozen=True, slots=True)
class Feature:
    """The values of one feature."""

    values: list[float] = field(default_factory=list)
    clips: list[int] = field(default_factory=list)
    """The number (0, 1, …) of the clip of each value."""

    def add(self, value: float, clip: int) -> None:
        """Add a value, unless it is infinite or NaN."""
        if math.isfinite(value):
            self.values.append(value)
            self.clips.append(clip)


def features(clips: Sequence[Clip], images: ImageStatsIndex) -> dict[str, Feature]:
    """Return the features of footage by name; lengths are shares of the frame's width.

    A tag, or a value of a fact, is 1 for clips that have it; `fill_missing_tag` adds 0 for the others.
    """
    found: dict[str, Feature] = defaultdict(Feature)
    for number, clip in enumerate(clips):
        step = max(1, math.ceil(len(clip.frames) / _MAX_FRAMES))
        for frame in clip.frames[::step]:
            for name, value in _frame_features(frame):
                found[name].add(value, number)
            if stats := images.by_frame.get((clip.id, frame.index)):
                found["brightness"].add(stats.brightness, number)
                found["contrast"].add(stats.contrast, number)
                found["sharpness"].add(stats.sharpness, number)
        for name, fact in clip.facts.items():
            if isinstance(fact, bool | str):
                found[f"fact {name}={str(fact).lower()}"].add(1.0, number)
            else:
                found[f"fact {name}"].add(float(fact), number)
        for tag in clip.tags:
            found[f"tag {tag}"].add(1.0, number)
    return dict(found)


def fill_missing_tag(feature: Feature | None, clips: int) -> Feature:
    """Return the feature of a tag, with 0 for clips without it."""
    having = set(feature.clips) if feature else set()
    return Feature([float(number in having) for number in range(clips)], list(range(clips)))


def _frame_features(frame: Frame) -> Iterator[tuple[str, float]]:
    yield "persons per frame", float(len(frame.persons))
    yield "frames with a ball", float(frame.ball is not None)
    ball = frame.ball
    if ball is not None and frame.width and frame.height:
        yield "ball x", ball.x / frame.width
        yield "ball y", ball.y / frame.height
        if ball.w > 0 and ball.h > 0:
            yield "ball size", min(ball.w, ball.h) / frame.width


@dataclass(frozen=True, slots=True)
class Drift:
    """One feature compared with the reference. The field names are those in validation.json."""

    feature: str
    clips: int
    reference_clips: int
    mean: float
    reference_mean: float
    effect: float | None
    """Bias-corrected W1 over the reference's standard deviation; None: too few clips."""
    p: float | None
    """Adjusted for all features (Benjamini and Hochberg)."""
    drifted: bool


def compare_features(
    clips: Sequence[Clip],
    images: ImageStatsIndex,
    reference: Sequence[Clip],
    reference_images: ImageStatsIndex,
    rule: DriftRule,
    seed: int,
) -> list[Drift]:
    """Compare all features that both have; a tag or fact that occurs on one side only is 0 on the other."""
    ours, theirs = features(clips, images), features(reference, reference_images)
    pairs: list[tuple[str, Feature, Feature]] = []
    for name in sorted(ours.keys() | theirs.keys()):
        if name.startswith("tag ") or "=" in name:
            pairs.append(
                (
                    name,
                    fill_missing_tag(ours.get(name), len(clips)),
                    fill_missing_tag(theirs.get(name), len(reference)),
                )
            )
        elif name in ours and name in theirs:
            pairs.append((name, ours[name], theirs[name]))
    enough = [min(len(set(a.clips)), len(set(b.clips))) >= rule.min_clips for _, a, b in pairs]
    tests = [
        wasserstein_permutation_test(
            np.array(a.values),
            np.array(b.values),
            _consecutive(a),
            _consecutive(b),
            rule.permutations,
            seed,
        )
        if has_enough
        else None
        for (_, a, b), has_enough in zip(pairs, enough, strict=True)
    ]
    adjusted = iter(adjust_p_values([test.p for test in tests if test]).tolist())
    drifts = []
    for (name, a, b), test in zip(pairs, tests, strict=True):
        p = next(adjusted) if test else None
        drifted = test is not None and p is not None and p < rule.alpha and test.effect >= rule.effect
        drifts.append(
            Drift(
                name,
                len(set(a.clips)),
                len(set(b.clips)),
                float(np.mean(a.values)),
                float(np.mean(b.values)),
                test.effect if test else None,
                p,
                drifted,
            )
        )
    return drifts


def _consecutive(feature: Feature) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the clip numbers of the values as 0, 1, … without gaps."""
    return np.unique(feature.clips, return_inverse=True)[1].astype(np.int64)
