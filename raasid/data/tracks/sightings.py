"""The persons seen in one frame, before anybody says who is who."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.data.keypoints import COUNT

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """K persons; pixels of the source frame.

    boxes: (K, 4) left, top, width, height. score: (K,) in [0, 1]. joints: (K, 17, 3) x, y and confidence, 0
    where there is none. kits: (K, 3) colour of the shirt in CIE Lab, NaN where it could not be seen.
    """

    boxes: Floats
    score: Floats
    joints: Floats
    kits: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def of_boxes(cls, boxes: Sequence[tuple[float, float, float, float]]) -> Sightings:
        """Sure sightings of which only the boxes are known."""
        count = len(boxes)
        return cls(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.ones(count, np.float32),
            np.zeros((count, COUNT, 3), np.float32),
            np.full((count, 3), np.nan, np.float32),
        )

    @classmethod
    def stacked(cls, parts: Sequence[Sightings]) -> Sightings:
        """One after the other."""
        return cls(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.score for part in parts]),
            np.concatenate([part.joints for part in parts]),
            np.concatenate([part.kits for part in parts]),
        )

    def rows(self, rows: NDArray[np.int64]) -> Sightings:
        """Some of them, in the order of `rows`."""
        return Sightings(self.boxes[rows], self.score[rows], self.joints[rows], self.kits[rows])

    @property
    def feet(self) -> Floats:
        """(K, 2) middle of the lower edges."""
        return self.boxes[:, :2] + self.boxes[:, 2:] * np.array([0.5, 1.0], np.float32)
