"""What a pose model says about one frame: the record that every later station works on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
KEYPOINTS = 17


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Players in one frame, by falling score.

    boxes: (K, 4) left, top, right, bottom in pixels of the source frame; score: (K,) in [0, 1];
    keypoints: (K, 17, 3) x, y in the same pixels and confidence in [0, 1], in COCO's order.
    """

    boxes: Array
    score: Array
    keypoints: Array

    @classmethod
    def none(cls) -> People:
        """Nobody."""
        return cls(
            np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, KEYPOINTS, 3), np.float32)
        )

    def scaled(self, factor: float) -> People:
        """The same people in pixels `factor` times as many."""
        keypoints = self.keypoints * np.array([factor, factor, 1.0], np.float32)
        return People(self.boxes * np.float32(factor), self.score, keypoints)

    def at_least(self, score: float) -> People:
        """Those who are as sure as that, or surer."""
        kept = self.score >= score
        return People(self.boxes[kept], self.score[kept], self.keypoints[kept])
