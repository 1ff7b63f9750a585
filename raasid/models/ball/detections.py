"""What a ball model says about one frame: the record that every later station works on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Ball candidates in one frame, by falling score.

    xy: (K, 2) centres and wh: (K, 2) box sizes, in pixels of the source frame; score: (K,) in [0, 1].
    Candidates below a model's operating threshold are kept: curves need them, decisions ignore them.
    """

    xy: Array
    wh: Array
    score: Array

    @classmethod
    def none(cls) -> Detections:
        """No candidate at all."""
        return cls(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32), np.zeros(0, np.float32))

    @property
    def bbox_xyxy(self) -> Array:
        """(K, 4) corners in pixels."""
        return np.concatenate([self.xy - self.wh / 2, self.xy + self.wh / 2], axis=1)
