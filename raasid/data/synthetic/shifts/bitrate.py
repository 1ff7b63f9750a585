"""A thin line: fewer pixels and coarse compression on the way to us."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from raasid.data.records import Clip
from raasid.data.synthetic.arrays import Image
from raasid.data.synthetic.shifts.shift import Shift

_SCALE = (1.0, 0.75, 0.56, 0.40)
_QUALITY = (100, 42, 26, 14)


class Bitrate(Shift):
    """Smaller, then blockier, then stretched back to size."""

    name: ClassVar[str] = "bitrate"

    def deliver(self, images: list[Image], clip: Clip) -> tuple[list[Image], Clip]:
        """Pictures through the thin line; labels as they are."""
        return [self._through(image) for image in images], clip

    def _through(self, image: Image) -> Image:
        height, width = image.shape[:2]
        scale = _SCALE[self.intensity]
        small = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY[self.intensity]])
        coarse = cv2.imdecode(data, cv2.IMREAD_COLOR)
        return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
