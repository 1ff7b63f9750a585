"""Where one shot ends and the next begins."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.data.media import Image

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
