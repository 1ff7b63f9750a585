"""Square training crops of whole frames, varied in scale and side."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np

from raasid.data.augment import Augment, Balls, Image
from raasid.data.ball.spots import with_spots


@dataclass(frozen=True, slots=True)
class Cropper:
    """Cuts square training crops of `size` pixels, most of them round a ball; None keeps whole frames.

    at_ball: share of crops that contain the ball of a frame that has one; the others lie anywhere.
    """

    size: int | None
    augment: Augment = field(default_factory=Augment)
    at_ball: float = 0.5

    def __call__(
        self,
        frame: Image,
        balls: Balls,
        rng: np.random.Generator,
        centre: tuple[float, float] | None = None,
    ) -> tuple[Image, Balls]:
        """(H, W, 3 * T) and its balls -> (size, size, 3 * T) and the balls whose centres lie inside.

        centre: a place that the crop must contain, in pixels of the frame.
        """
        if self.size is None:
            return self._varied(frame, balls.copy(), rng)
        height, width = frame.shape[:2]
        side = min(round(self.size * math.exp(rng.uniform(-self.augment.zoom, self.augment.zoom))), width)
        u, v = rng.uniform(-0.45, 0.45, 2)
        if centre is not None:
            x, y = centre[0] + u * side, centre[1] + v * side
        elif len(balls) and rng.random() < self.at_ball:
            x, y = balls[0, 0] + u * side, balls[0, 1] + v * side
        else:
            x, y = rng.uniform(0, width), rng.uniform(0, height)
        left = int(np.clip(x - side / 2, 0, width - side))
        top = int(np.clip(y - side / 2, 0, max(0, height - side)))
        crop = frame[top : top + side, left : left + side]
        if crop.shape[0] < side:
            crop = np.pad(crop, ((0, side - crop.shape[0]), (0, 0), (0, 0)))
        scale = self.size / side
        shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        crop = np.ascontiguousarray(cv2.resize(crop, (self.size, self.size), interpolation=shrink))
        moved = (balls - np.array([left, top, 0, 0], np.float32)) * np.float32(scale)
        inside = ((moved[:, :2] >= 0) & (moved[:, :2] < self.size)).all(1)
        return self._varied(crop, moved[inside], rng)

    def _varied(self, image: Image, balls: Balls, rng: np.random.Generator) -> tuple[Image, Balls]:
        if self.augment.spots and rng.random() < self.augment.spots:
            image = with_spots(image, balls, rng)
        if rng.random() < self.augment.flip:
            image = np.ascontiguousarray(image[:, ::-1])
            balls[:, 0] = image.shape[1] - balls[:, 0]
        return self.augment.photometric(image, rng), balls
