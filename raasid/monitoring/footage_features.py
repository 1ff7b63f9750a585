"""Features of footage that need neither labels nor a model: what the images look like, and their tags."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.footage.frame_reader import read_frames
from raasid.footage.records import Clip, Frame
from raasid.io.image_reader import ImageUnreadable
from raasid.monitoring.feature_table import FeatureTable, Row, spread_by_match
from raasid.validation.image_stats import sharpness, to_gray

FRAMES_PER_MATCH = 6
"""Frames of one match look alike, so that more of them tell little; each costs 8 ms."""
MAX_MATCHES = 100
"""Of a reference; with more, differences would be found that are too small to matter."""
_THREADS = 4
_COLOUR_SIZE = (160, 90)
"""Width and height at which colours are measured."""
_NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
SLICE_KINDS = ("light", "stadium", "competition")
"""The tags that divide matches into slices. Drift is tested between slices and within them."""
_LIGHTS = frozenset({"sun", "sunny", "overcast", "cloudy", "day", "daylight", "dusk", "night", "floodlight"})
"""Tags that name the light without saying so."""
_TAG = re.compile(rf"({'|'.join(SLICE_KINDS)})[=:](.+)")


class SampledFrame(NamedTuple):
    """A frame and its clip."""

    clip: Clip
    frame: Frame


def sample_frames(
    clips: Iterable[Clip], max_matches: int | None = None, frames_per_match: int = FRAMES_PER_MATCH
) -> list[SampledFrame]:
    """Return some frames of each match, at equal distances over its clips; the same for the same footage.

    max_matches: of more matches so many are chosen, by a digest of their names; None: all are taken.
    """
    ordered = sorted(clips, key=lambda clip: (clip.match, clip.id))
    chosen = {clip.match for clip in ordered}
    if max_matches is not None:
        chosen = set(sorted(chosen, key=_digest)[:max_matches])
    frames = [SampledFrame(clip, frame) for clip in ordered if clip.match in chosen for frame in clip.frames]
    return [frames[k] for k in spread_by_match([each.clip.match for each in frames], frames_per_match)]


def footage_features(frames: Sequence[SampledFrame]) -> FeatureTable:
    """Return a row for each frame that can be read: its image, and the kind of its match."""
    by_clip: dict[str, list[SampledFrame]] = defaultdict(list)
    for each in frames:
        by_clip[each.clip.id].append(each)
    kinds = {kind: slices_of([each.clip for each in frames], kind) for kind in SLICE_KINDS}
    with ThreadPoolExecutor(_THREADS) as pool:
        rows = [row for rows in pool.map(_clip_rows, by_clip.values()) for row in rows]
    return FeatureTable.of(
        (match, {**row, **{kind: known.get(match) for kind, known in kinds.items()}}) for match, row in rows
    )


def slices_of(clips: Collection[Clip], kind: str) -> dict[str, str]:
    """Return the light, stadium or competition of each match that has one: the commonest of its clips.

    It is the value of a tag KIND=VALUE; the light may also be a tag of its own (`night`), and the competition
    that of the provenance.
    """
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for clip in {clip.id: clip for clip in clips}.values():
        found[clip.match].update(_values(clip, kind))
    return {
        match: min(values, key=lambda value: (-counted[value], value))
        for match, counted in sorted(found.items())
        if (values := list(counted))
    }


def _values(clip: Clip, kind: str) -> set[str]:
    tags = [*clip.tags, *(tag for frame in clip.frames[:1] for tag in frame.tags)]
    values = {match[2] for tag in tags if (match := _TAG.fullmatch(tag)) and match[1] == kind}
    if kind == "light":
        values |= _LIGHTS.intersection(tags)
    if kind == "competition" and clip.provenance.competition:
        values.add(clip.provenance.competition)
    return values


def _clip_rows(frames: Sequence[SampledFrame]) -> list[tuple[str, Row]]:
    clip = frames[0].clip
    return [
        (clip.match, {**image_features(image), "frame rate": round(clip.frame_rate_hz, 3)})
        for _, image in read_frames([each.frame for each in frames])
        if not isinstance(image, ImageUnreadable)
    ]


def image_features(image: NDArray[np.uint8]) -> Mapping[str, float]:
    """Return what an image (H, W, 3) BGR looks like.

    brightness, contrast, saturation: 0 to 1. green to red, blue to yellow: axes of CIELAB, -128 to 127.
    noise: its standard deviation in shades of 255 (Immerkaer, Fast noise variance estimation, 1996).
    sharpness: see `validation.image_stats.sharpness`. image width: pixels.
    """
    gray = to_gray(image)
    small = np.asarray(cv2.resize(image, _COLOUR_SIZE, interpolation=cv2.INTER_AREA))
    _, green_to_red, blue_to_yellow, _ = cv2.mean(cv2.cvtColor(small, cv2.COLOR_BGR2LAB))
    saturation = cv2.mean(cv2.cvtColor(small, cv2.COLOR_BGR2HSV))[1] / 255
    noise = np.abs(cv2.filter2D(gray, cv2.CV_32F, _NOISE)).mean() * np.sqrt(np.pi / 2) / 6
    found = {
        "brightness": gray.mean() / 255,
        "contrast": gray.std() / 255,
        "sharpness": sharpness(gray),
        "noise": noise,
        "saturation": saturation,
        "green to red": green_to_red - 128,
        "blue to yellow": blue_to_yellow - 128,
        "image width": image.shape[1],
    }
    return {name: float(value) for name, value in found.items()}


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()
