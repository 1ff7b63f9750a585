"""Flat textured things in the stadium: stands, hoardings, roofs of dug-outs, the lawn itself."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from raasid.data.synthetic.arrays import Floats, Image
from raasid.data.synthetic.camera import Camera


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A parallelogram in the world that shows a texture."""

    origin: Floats
    """(3,) metres: where the texture's first row and column begins."""
    u: Floats
    """(3,) metres along the texture's columns, over the whole panel."""
    v: Floats
    """(3,) metres along the texture's rows, over the whole panel."""
    texture: Image
    """Repeats along u when `repeats` is above 1."""
    repeats: float = 1.0

    @property
    def corners(self) -> Floats:
        """(4, 3) metres."""
        return np.stack(
            [self.origin, self.origin + self.u, self.origin + self.u + self.v, self.origin + self.v]
        )

    def homography(self, camera: Camera, shrink: int = 1) -> Floats:
        """(3, 3) from the texture's pixel indices, at 1/shrink of its size, to the camera's pixel indices."""
        height, width = self.texture.shape[:2]
        texel = np.diag([shrink / width, shrink / height, 1.0])
        unit = texel @ np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
        tile = np.diag([1.0 / self.repeats, 1.0, 1.0])
        half_pixel = np.array([[1.0, 0.0, -0.5], [0.0, 1.0, -0.5], [0.0, 0.0, 1.0]])
        return np.asarray(half_pixel @ camera.plane(self.origin, self.u, self.v) @ tile @ unit)

    def paste(self, picture: Image, camera: Camera, alpha: Image | None = None) -> None:
        """Draw the panel over `picture`, and 255 over `alpha` where it is drawn."""
        outline = camera.outline(self.corners)
        if len(outline) == 0:
            return
        height, width = picture.shape[:2]
        low = np.clip(np.floor(outline.min(axis=0)), 0, [width, height]).astype(int)
        high = np.clip(np.ceil(outline.max(axis=0)), 0, [width, height]).astype(int)
        if (high - low < 1).any():
            return
        # only what the picture shows is warped
        x0, y0, x1, y1 = int(low[0]), int(low[1]), int(high[0]), int(high[1])
        shift = np.array([[1.0, 0.0, -x0], [0.0, 1.0, -y0], [0.0, 0.0, 1.0]])
        texture, shrink = _fitting(self.texture, self._texels_per_pixel(camera, (x0 + x1) / 2, (y0 + y1) / 2))
        warped = cv2.warpPerspective(
            texture, shift @ self.homography(camera, shrink), (x1 - x0, y1 - y0),
            flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP if self.repeats > 1 else cv2.BORDER_REPLICATE,
        )  # fmt: skip
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        points = np.round((outline - 0.5 - [x0, y0]).clip(-30000, 30000) * 16).astype(np.int32)
        cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, 4)
        region = picture[y0:y1, x0:x1]
        if alpha is not None:
            # the alpha softens the edge when the layer is laid over the picture
            cv2.copyTo(warped, mask, region)
            np.maximum(alpha[y0:y1, x0:x1], mask, out=alpha[y0:y1, x0:x1])
            return
        edge = (mask > 0) & (mask < 255)
        share = mask[edge].astype(np.float32).reshape(-1, *[1] * (picture.ndim - 2)) / 255
        blend = region[edge] * (1 - share) + warped[edge] * share
        cv2.copyTo(warped, mask, region)
        region[edge] = blend.astype(np.uint8)

    def _texels_per_pixel(self, camera: Camera, x: float, y: float) -> float:
        """How many texels fall on one pixel there, along the rows."""
        inverse = np.linalg.inv(self.homography(camera))
        here, beside = (inverse @ np.array([x + dx, y, 1.0]) for dx in (0.0, 1.0))
        if abs(here[2]) < 1e-9 or abs(beside[2]) < 1e-9:
            return 1.0
        return float(np.linalg.norm(beside[:2] / beside[2] - here[:2] / here[2]))


def _fitting(texture: Image, texels_per_pixel: float) -> tuple[Image, int]:
    """The texture halved until about one texel falls on a pixel, so that it does not alias."""
    shrink = 1
    while texels_per_pixel > 1.6 and min(texture.shape[:2]) >= 16:
        size = (texture.shape[1] // 2, texture.shape[0] // 2)
        texture = cv2.resize(texture, size, interpolation=cv2.INTER_AREA)
        shrink, texels_per_pixel = shrink * 2, texels_per_pixel / 2
    return texture, shrink
