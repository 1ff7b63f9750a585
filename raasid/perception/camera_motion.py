"""How far the image has moved since the last frame, and whether there was a cut."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.io.image_reader import Image

Floats = NDArray[np.float64]
_EDGE = 160
"""Longer side, in pixels, at which images are compared."""
_MIN_PEAK = 0.15
"""Peak of the phase correlation from which a shift is used (1: shifted and nothing else; 0: noise)."""
_CUT = (0.3, 0.5)
"""Peak, and correlation of the shifted images, both below which there was a cut: never between neighbouring
frames of a synthetic league or a real pan, and between clips in 19 of 20 cases."""


class Motion(NamedTuple):
    """shift: (2,) pixels of the source frame, zero if unknown. cut: whether the camera has changed."""

    shift: Floats
    cut: bool


class CameraMotion:
    """Estimates the motion of the camera frame by frame; the first frame has not moved.

    Source of the shift: phase correlation (Kuglin and Hines 1975), as OpenCV computes it.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._window: NDArray[np.float32] | None = None

    def since_last(self, image: Image) -> Motion:
        """Compare (H, W, 3) blue-green-red with the frame before."""
        height, width = image.shape[:2]
        scale = min(1.0, _EDGE / max(height, width))
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.float32)
        last, self._last = self._last, grey
        if last is None or min(grey.shape) < 8:
            return Motion(np.zeros(2), False)
        if last.shape != grey.shape:
            return Motion(np.zeros(2), True)
        if self._window is None or self._window.shape != grey.shape:
            self._window = cv2.createHanningWindow(grey.shape[::-1], cv2.CV_32F)
        # copies, because OpenCV multiplies its arguments with the window in place
        (dx, dy), peak = cv2.phaseCorrelate(last.copy(), grey.copy(), self._window)
        if peak < _MIN_PEAK:
            dx = dy = 0.0
        cut = peak < _CUT[0] and _correlation(last, grey, dx, dy) < _CUT[1]
        return Motion(np.zeros(2) if cut else np.array([dx, dy]) / scale, cut)


def _correlation(last: NDArray[np.float32], now: NDArray[np.float32], dx: float, dy: float) -> float:
    """Return the correlation of the part that both images show, -1 to 1; 1 where one of them is flat."""
    height, width = now.shape
    x, y = round(dx), round(dy)
    a = last[max(0, -y) : height - max(0, y), max(0, -x) : width - max(0, x)]
    b = now[max(0, y) : height - max(0, -y), max(0, x) : width - max(0, -x)]
    if a.size < 64:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    power = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / power if power > a.size else 1.0
