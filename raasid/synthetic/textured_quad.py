"""Flat textured things in the stadium: stands, hoardings, roofs of dug-outs, the lawn itself.

The array types of the renderer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from raasid.synthetic.arrays import Floats, Image, Ints
from raasid.synthetic.camera import Camera

_STEP = 64
"""Warps are a multiple of this wide: a narrower one then gives the same pixels, to the last bit."""


@dataclass(frozen=True, slots=True, eq=False)
class VisibleRegion:
    """The part of a panel that a camera sees."""

    part: tuple[slice, slice]
    """Rows and columns of the image."""
    texels: Image
    """(h, w, 4) for all of that part."""
    mask: Image
    """(h, w): 255 on the panel, less on its edge."""

    def edge(self) -> tuple[Ints, Ints]:
        """Rows and columns, within the part, of pixels that the panel fills in part."""
        spots = cv2.findNonZero(cv2.inRange(self.mask, 1, 254))
        if spots is None:
            return np.zeros(0, int), np.zeros(0, int)
        columns, rows = spots.reshape(-1, 2).T
        return rows, columns


@dataclass(frozen=True, slots=True, eq=False)
class TexturedQuad:
    """A parallelogram in the world that shows a texture."""

    origin: Floats
    """(3,) metres: where the texture's first row and column begins."""
    u: Floats
    """(3,) metres along the texture's columns, over the whole panel."""
    v: Floats
    """(3,) metres along the texture's rows, over the whole panel."""
    texture: Image
    """Three channels, or four; repeats along u when `repeats` is above 1."""
    repeats: float = 1.0
    _levels: list[Image] = field(default_factory=list, init=False)
    """The texture at 1/1, 1/2, 1/4 … as far as they have been asked for."""

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

    def paste(
        self, image: Image, camera: Camera, alpha: Image | None = None, rows: int | None = None
    ) -> None:
        """Draw the panel over `image`, and 255 over `alpha` where it is drawn.

        rows: how many rows from the top are wanted; the others may stay as they are.
        """
        region = self.visible_region(camera, rows)
        if region is None:
            return
        warped = cv2.cvtColor(region.texels, cv2.COLOR_BGRA2BGR)
        target = image[region.part]
        if alpha is not None:
            # the alpha softens the edge when the layer is laid over the image
            cv2.copyTo(warped, region.mask, target)
            cv2.max(alpha[region.part], region.mask, dst=alpha[region.part])
            return
        edge = region.edge()
        share = region.mask[edge].astype(np.float32)[:, None] / 255
        blend = target[edge] * (1 - share) + warped[edge] * share
        cv2.copyTo(warped, region.mask, target)
        target[edge] = blend.astype(np.uint8)

    def visible_region(self, camera: Camera, rows: int | None = None) -> VisibleRegion | None:
        """What `camera` sees of the panel in the first `rows` of its image, or None."""
        found = self.mask(camera, rows)
        if found is None:
            return None
        (x0, y0, x1, y1), mask = found
        # only what the image shows is warped
        left, top, wide, tall = cv2.boundingRect(mask)
        if wide == 0:
            return None
        wide, tall = min(-(-(left + wide) // _STEP) * _STEP, x1 - x0), top + tall
        shift = np.array([[1.0, 0.0, -x0], [0.0, 1.0, -y0], [0.0, 0.0, 1.0]])
        per_pixel = self._texels_per_pixel(camera, (x0 + x1) / 2, (y0 + y1) / 2)
        texture, shrink = self._fitting(per_pixel)
        warped = cv2.warpPerspective(
            texture, shift @ self.homography(camera, shrink), (wide, tall),
            flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP if self.repeats > 1 else cv2.BORDER_REPLICATE,
        )  # fmt: skip
        part = (slice(y0, y0 + tall), slice(x0, x0 + wide))
        return VisibleRegion(part, warped, np.ascontiguousarray(mask[:tall, :wide]))

    def mask(self, camera: Camera, rows: int | None = None) -> tuple[tuple[int, int, int, int], Image] | None:
        """Left, top, right, bottom of the part of the image where the panel is, and 255 on it; or None."""
        outline = camera.outline(self.corners)
        if len(outline) == 0:
            return None
        low = np.clip(np.floor(outline.min(axis=0)), 0, camera.size).astype(int)
        high = np.clip(np.ceil(outline.max(axis=0)), 0, camera.size).astype(int)
        (x0, y0), (x1, y1) = low.tolist(), high.tolist()
        if x1 - x0 < 1 or y1 - y0 < 1 or (rows is not None and rows <= y0):
            return None
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        points = np.round((outline - 0.5 - [x0, y0]).clip(-30000, 30000) * 16).astype(np.int32)
        cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, 4)
        return (x0, y0, x1, y1), mask[: None if rows is None else rows - y0]

    def _texels_per_pixel(self, camera: Camera, x: float, y: float) -> float:
        """How many texels fall on one pixel there, along the rows."""
        inverse = np.linalg.inv(self.homography(camera))
        here, beside = (inverse @ np.array([x + dx, y, 1.0]) for dx in (0.0, 1.0))
        if abs(here[2]) < 1e-9 or abs(beside[2]) < 1e-9:
            return 1.0
        return float(np.linalg.norm(beside[:2] / beside[2] - here[:2] / here[2]))

    def _fitting(self, texels_per_pixel: float) -> tuple[Image, int]:
        """The texture halved until about one texel falls on a pixel, so that it does not alias.

        Four channels: the warp is more than twice as fast with them as with three.
        """
        if not self._levels:
            colours = self.texture.shape[2]
            self._levels.append(
                cv2.cvtColor(self.texture, cv2.COLOR_BGR2BGRA) if colours == 3 else self.texture
            )
        halvings = 0
        while texels_per_pixel > 1.6 and min(self._levels[halvings].shape[:2]) >= 16:
            if halvings + 1 == len(self._levels):
                height, width = self._levels[-1].shape[:2]
                size = (width // 2, height // 2)
                self._levels.append(cv2.resize(self._levels[-1], size, interpolation=cv2.INTER_AREA))
            halvings, texels_per_pixel = halvings + 1, texels_per_pixel / 2
        return self._levels[halvings], 2**halvings
