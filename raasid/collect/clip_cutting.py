"""Cut decoded video into clips: find scene cuts, and select the frames that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.collect.options import CollectOptions
from raasid.io.image_reader import Image

_SMALL = (64, 36)
_BINS = (12, 4, 4)


class SceneCuts:
    """Detects scene cuts in a sequence of frames.

    A cut changes the colours (histogram intersection) and the image (mean difference of a thumbnail) at
    once; a pan changes the image alone, and a flash is over before the colours have changed.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._previous: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def is_cut(self, image: Image) -> bool:
        """Return whether a cut lies between the previous frame and this one; False for the first frame."""
        small = cv2.resize(image, _SMALL, interpolation=cv2.INTER_AREA)
        hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
        colours = cv2.calcHist([hsv], [0, 1, 2], None, list(_BINS), [0, 180, 0, 256, 0, 256]).ravel()
        current = (colours / colours.sum()).astype(np.float32), small.astype(np.float32)
        previous, self._previous = self._previous, current
        if previous is None:
            return False
        colour_change = 1.0 - float(np.minimum(current[0], previous[0]).sum())
        image_change = float(np.abs(current[1] - previous[1]).mean()) / 255
        return min(colour_change, 5 * image_change) > self.threshold


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One decoded frame and where it belongs."""

    clip: int
    """Number of its clip."""
    start: int
    """Position in the source of the clip's first frame."""
    index: int
    """Position of the frame in its clip."""
    keep: bool
    """Whether the frame is stored."""
    image: Image


def cut_into_clips(
    images: Iterable[Image], frame_rate_hz: float, options: CollectOptions
) -> Iterator[DecodedFrame]:
    """Assign every frame to a clip; holds one image in memory at a time.

    A clip ends at a scene cut, or when it is `clip_s` long. Its first frame is kept, and then `rate_hz`
    frames of each second.
    """
    cuts = SceneCuts(options.scene_cut)
    max_length = max(1, round(options.clip_s * frame_rate_hz))
    rate = min(options.rate_hz or frame_rate_hz, frame_rate_hz)
    clip, start = 0, 0
    for position, image in enumerate(images):
        is_cut = cuts.is_cut(image)
        if position and (is_cut or position - start >= max_length):
            clip, start = clip + 1, position
        index = position - start
        keep = index == 0 or int(index * rate / frame_rate_hz) > int((index - 1) * rate / frame_rate_hz)
        yield DecodedFrame(clip, start, index, keep, image)
