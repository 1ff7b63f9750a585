"""Distribution: where footage differs from a reference by more than chance, and by enough to matter.

Numbers of footage whose distribution may drift: of frames, of clips, of tags and facts.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from raasid.footage.records import Clip, Frame
from raasid.stats.permutation import wasserstein_permutation_test
from raasid.validation.image_stats import ImageStatsIndex
from raasid.validation.options import DriftRule

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


def features(clips: Sequence[Clip], images: ImageStatsIndex) -> dict[str, Feature]:
    """Take the features of footage; lengths are in shares of the frame's width.

    A tag or a value of a fact is 1 for clips that have it and 0 for the others.
    """
    out: dict[str, Feature] = defaultdict(Feature)
    for unit, clip in enumerate(clips):
        step = max(1, math.ceil(len(clip.frames) / _MOST_FRAMES))
        for frame in clip.frames[::step]:
            for name, value in _of_frame(frame):
                out[name].add(value, unit)
            if seen := images.by_frame.get((clip.id, frame.index)):
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


def fill_missing_tag(feature: Feature | None, clips: int) -> Feature:
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


@dataclass(frozen=True, slots=True)
class Drift:
    """One feature, compared."""

    feature: str
    clips: int
    reference_clips: int
    mean: float
    reference_mean: float
    effect: float | None
    """Bias-corrected W1 over the reference's standard deviation; None: too few clips to say."""
    p: float | None
    """After Benjamini and Hochberg."""
    drifted: bool


def compare_features(
    clips: Sequence[Clip],
    images: ImageStatsIndex,
    reference: Sequence[Clip],
    reference_sight: ImageStatsIndex,
    rule: DriftRule,
    seed: int,
) -> list[Drift]:
    """Compare all features that both have; tags and facts that one lacks count as absent there."""
    from scipy.stats import false_discovery_control  # slow to import; `raasid collect` never needs it

    here, there = features(clips, images), features(reference, reference_sight)
    pairs: list[tuple[str, Feature, Feature]] = []
    for name in sorted(here.keys() | there.keys()):
        if name.startswith("tag ") or "=" in name:
            pairs.append(
                (
                    name,
                    fill_missing_tag(here.get(name), len(clips)),
                    fill_missing_tag(there.get(name), len(reference)),
                )
            )
        elif name in here and name in there:
            pairs.append((name, here[name], there[name]))
    enough = [min(len(set(a.units)), len(set(b.units))) >= rule.min_clips for _, a, b in pairs]
    message = [
        wasserstein_permutation_test(
            np.array(a.values),
            np.array(b.values),
            _counted(a),
            _counted(b),
            rule.permutations,
            seed,
        )
        if able
        else None
        for (_, a, b), able in zip(pairs, enough, strict=True)
    ]
    adjusted = iter(false_discovery_control([found.p for found in message if found]).tolist())
    out = []
    for (name, a, b), found in zip(pairs, message, strict=True):
        p = next(adjusted) if found else None
        drifted = found is not None and p is not None and p < rule.alpha and found.effect >= rule.effect
        out.append(
            Drift(
                name,
                len(set(a.units)),
                len(set(b.units)),
                float(np.mean(a.values)),
                float(np.mean(b.values)),
                found.effect if found else None,
                p,
                drifted,
            )
        )
    return out


def _counted(feature: Feature) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Units as 0, 1, … without gaps."""
    return np.unique(feature.units, return_inverse=True)[1].astype(np.int64)
