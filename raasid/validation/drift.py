"""Distribution drift: features that differ from a reference by more than chance, and enough to matter.

The test is that of `raasid.stats.drift`: whole matches are permuted, because frames of one match are alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.footage.records import Clip, Fact, Frame
from raasid.stats.drift import detect
from raasid.stats.drift_report import FeatureDrift
from raasid.validation.image_stats import ImageStatsIndex
from raasid.validation.options import DriftRule

Features = dict[str, Fact]
"""The values of one frame by name; lengths are shares of the frame's width."""
_MAX_FRAMES = 50
"""Per clip, evenly spaced: a long clip shall not outweigh the others of its match."""


def feature_rows(clips: Sequence[Clip], images: ImageStatsIndex) -> tuple[list[Features], list[str]]:
    """Return the features of each frame, and its match.

    Facts and tags are those of the frame's clip. A clip without frames has one row.
    """
    rows: list[Features] = []
    matches: list[str] = []
    for clip in clips:
        of_clip = {f"fact {name}": value for name, value in clip.facts.items()}
        of_clip |= {f"tag {tag}": True for tag in clip.tags}
        step = max(1, math.ceil(len(clip.frames) / _MAX_FRAMES))
        of_frames = [_frame_features(clip, frame, images) for frame in clip.frames[::step]] or [{}]
        rows += [dict(found) | of_clip for found in of_frames]
        matches += [clip.match] * len(of_frames)
    return rows, matches


def _frame_features(clip: Clip, frame: Frame, images: ImageStatsIndex) -> Features:
    found: Features = {
        "persons per frame": float(len(frame.persons)),
        "frames with a ball": float(frame.ball is not None),
        **dict(_ball_features(frame)),
    }
    if stats := images.by_frame.get((clip.id, frame.index)):
        found["brightness"] = stats.brightness
        found["contrast"] = stats.contrast
        found["sharpness"] = stats.sharpness
    return found


def _ball_features(frame: Frame) -> Iterator[tuple[str, float]]:
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
    """Of a fact: with the value whose share has changed most, as in `deliberate=true`."""
    mean: float
    reference_mean: float
    """Of a tag or a value of a fact: its share of the frames."""
    effect: float | None
    """Bias-corrected W1 over the reference's standard deviation, of facts and tags total variation; None: too
    few matches."""
    p: float | None
    """Adjusted for all features (Benjamini and Hochberg)."""
    drifted: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Footage compared with a reference: each feature, and the result in a sentence."""

    drifts: list[Drift]
    """Worst first."""
    sentence: str


def compare_features(
    clips: Sequence[Clip],
    images: ImageStatsIndex,
    reference: Sequence[Clip],
    reference_images: ImageStatsIndex,
    rule: DriftRule,
    seed: int,
) -> Comparison:
    """Compare all features that have values on both sides; matches that are on both sides are left out."""
    both = {clip.match for clip in clips} & {clip.match for clip in reference}
    ours, matches = feature_rows([clip for clip in clips if clip.match not in both], images)
    theirs, others = feature_rows([clip for clip in reference if clip.match not in both], reference_images)
    left_out = f"; left out, because they are on both sides: {len(both)} matches" if both else ""
    names = sorted({name for row in (*ours, *theirs) for name in row})
    names = [name for name in names if _shared(name, ours, theirs)]
    if not names:
        return Comparison([], f"no feature has values on both sides{left_out}")
    categorical = {n for n in names if any(isinstance(row.get(n), bool | str) for row in (*ours, *theirs))}
    report = detect(
        {name: _column(ours, name, name in categorical) for name in names},
        {name: _column(theirs, name, name in categorical) for name in names},
        matches=matches,
        reference_matches=others,
        missing=False,
        seed=seed,
        permutations=rule.permutations,
        alpha=rule.alpha,
        min_effect=rule.effect,
    )
    return Comparison([_drift(feature) for feature in report.features], report.sentence() + left_out)


def _shared(name: str, *sides: Sequence[Features]) -> bool:
    """Whether a feature can be compared; a tag that a side lacks is absent from all its clips."""
    return all(rows if name.startswith("tag ") else any(name in row for row in rows) for rows in sides)


def _column(rows: Sequence[Features], name: str, categorical: bool) -> NDArray[np.generic]:
    """Return the values (N,) of a feature: text, or numbers with NaN where there is none."""
    absent = False if name.startswith("tag ") else None
    values = [row.get(name, absent) for row in rows]
    if categorical:
        return np.array([None if v is None else str(v).lower() for v in values], dtype=object)
    numbers = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _drift(found: FeatureDrift) -> Drift:
    name = found.name
    if found.kind == "numeric":
        mean, reference_mean = (
            float(np.dot(np.array(found.points, dtype=np.float64), shares))
            for shares in (found.shares, found.reference_shares)
        )
    else:
        changes = np.abs(np.subtract(found.shares, found.reference_shares))
        levels = [str(level) for level in found.points]
        level = levels.index("true") if "true" in levels else int(np.argmax(changes))
        mean, reference_mean = found.shares[level], found.reference_shares[level]
        if name.startswith("fact "):
            name += f"={levels[level]}"
    known = found.verdict in ("drift", "no drift")
    return Drift(
        name,
        mean,
        reference_mean,
        found.effect if known else None,
        found.adjusted_p if known else None,
        found.verdict == "drift",
    )
