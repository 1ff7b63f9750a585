"""Training windows: parts of frames, or whole ones, in which people are searched."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from raasid.data.augment import Augment, Image
from raasid.data.keypoints import FLIPPED
from raasid.data.pose.annotated import Annotated
from raasid.data.pose.sampling import Sampling
from raasid.data.pose.warp import mirror, warp

_MIRRORED = np.array(FLIPPED)


@dataclass(frozen=True, slots=True)
class Window:
    """Cuts a window of `sampling.window` pixels at a random scale and place, varied in side and look."""

    sampling: Sampling
    augment: Augment

    def __call__(self, frame: Image, people: Annotated, rng: np.random.Generator) -> tuple[Image, Annotated]:
        """(H, W, 3) and its people -> (h, w, 3) and the people in it; what lies beyond the frame is black."""
        height, width = frame.shape[:2]
        size = self.sampling.window or (width, height)
        low, high = self.sampling.window_scale
        scale = math.exp(rng.uniform(math.log(low), math.log(high)))
        offset = [
            rng.uniform(min(0, room), max(0, room))
            for room in (size[0] - width * scale, size[1] - height * scale)
        ]
        matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float32)
        flip = rng.random() < self.augment.flip
        if flip:
            matrix = mirror(matrix, size[0])
        image = self.augment.photometric(warp(frame, matrix, size), rng)
        return image, people.moved(matrix, size, _MIRRORED if flip else None)
