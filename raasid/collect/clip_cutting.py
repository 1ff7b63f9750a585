"""From decoded frames to clips: which clip a frame belongs to, and whether it is kept.

Where one shot ends and the next begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.collect.options import CollectSettings
from raasid.footage.media import Image

_SMALL = (64, 36)
_BINS = (12, 4, 4)


class SceneCuts:
    """Told every frame in order; says whether it is the first of a new shot.

    A cut changes the colours (histogram intersection) and the picture (mean difference of a thumbnail)
    at once; a pan changes the picture alone, and a flash light is over before the colours are others.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._before: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def starts(self, image: Image) -> bool:
        """Whether a cut lies between the frame before and this one; the first frame is none."""
        small = cv2.resize(image, _SMALL, interpolation=cv2.INTER_AREA)
        hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
        colours = cv2.calcHist([hsv], [0, 1, 2], None, list(_BINS), [0, 180, 0, 256, 0, 256]).ravel()
        seen = (colours / colours.sum()).astype(np.float32), small.astype(np.float32)
        before, self._before = self._before, seen
        if before is None:
            return False
        colour = 1.0 - float(np.minimum(seen[0], before[0]).sum())
        picture = float(np.abs(seen[1] - before[1]).mean()) / 255
        return min(colour, 5 * picture) > self.threshold


@dataclass(frozen=True, slots=True)
class Taken:
    """One decoded frame."""

    clip: int
    start: int
    """Frame of the source with which the clip begins."""
    index: int
    """Of the frame, within its clip."""
    keep: bool
    image: Image


def cut(images: Iterable[Image], frame_rate_hz: float, settings: CollectSettings) -> Iterator[Taken]:
    """Yield every frame with its place; holds one picture at a time.

    A clip ends at a change of scene, or when it is `clip_s` long. Its first frame is kept, and then
    `rate_hz` of each second.
    """
    cuts = SceneCuts(settings.scene_cut)
    longest = max(1, round(settings.clip_s * frame_rate_hz))
    rate = min(settings.rate_hz or frame_rate_hz, frame_rate_hz)
    clip, start = 0, 0
    for position, image in enumerate(images):
        is_cut = cuts.starts(image)
        if position and (is_cut or position - start >= longest):
            clip, start = clip + 1, position
        index = position - start
        keep = index == 0 or int(index * rate / frame_rate_hz) > int((index - 1) * rate / frame_rate_hz)
        yield Taken(clip, start, index, keep, image)
