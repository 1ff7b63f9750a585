"""Flat textured surfaces of the stadium: stands, advertising boards, roofs of dug-outs, the lawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from raasid.synthetic.arrays import Floats, Image, Ints
from raasid.synthetic.camera import Camera

_WARP_STEP = 64
"""The width of a warp is a multiple of this: pixels then do not depend on the width, to the last bit."""


@dataclass(frozen=True, slots=True, eq=False)
class VisibleRegion:
    """The part of a quad that a camera sees."""

    window: tuple[slice, slice]
    """Rows and columns of the image."""
    texels: Image
    """(h, w, 4) of that window."""
    mask: Image
    """(h, w): 255 on the quad, less on its edge."""

    def edge(self) -> tuple[Ints, Ints]:
        """Return rows and columns, within the window, of the pixels that the quad fills partly."""
        pixels = cv2.findNonZero(cv2.inRange(self.mask, 1, 254))
        if pixels is None:
            return np.zeros(0, int), np.zeros(0, int)
        columns, rows = pixels.reshape(-1, 2).T
        return rows, columns


@dataclass(frozen=True, slots=True, eq=False)
class TexturedQuad:
    """A parallelogram in the world with a texture."""

    origin: Floats
    """(3,) metres: corner of the texture's first row and column."""
    u: Floats
    """(3,) metres along the texture's columns, over the whole quad."""
    v: Floats
    """(3,) metres along the texture's rows, over the whole quad."""
    texture: Image
    """Three channels, or four; repeats along u when `repeats` is above 1."""
    repeats: float = 1.0
    _mipmap: list[Image] = field(default_factory=list, init=False)
    """Mipmap: the texture at 1/1, 1/2, 1/4 …, as far as it has been needed."""

    @property
    def corners(self) -> Floats:
        """(4, 3) metres."""
        return np.stack(
            [self.origin, self.origin + self.u, self.origin + self.u + self.v, self.origin + self.v]
        )

    def homography(self, camera: Camera, shrink: int = 1) -> Floats:
        """Return (3, 3) from the texture's pixel indices, at 1/shrink of its size, to the camera's."""
        height, width = self.texture.shape[:2]
        texel = np.diag([shrink / width, shrink / height, 1.0])
        unit = texel @ np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
        tile = np.diag([1.0 / self.repeats, 1.0, 1.0])
        half_pixel = np.array([[1.0, 0.0, -0.5], [0.0, 1.0, -0.5], [0.0, 0.0, 1.0]])
        return np.asarray(half_pixel @ camera.plane(self.origin, self.u, self.v) @ tile @ unit)

    def paste(
        self, image: Image, camera: Camera, alpha: Image | None = None, rows: int | None = None
    ) -> None:
        """Draw the quad on `image`, and 255 on `alpha` where it is drawn.

        rows: only this many rows from the top need to be drawn.
        """
        region = self.visible_region(camera, rows)
        if region is None:
            return
        warped = cv2.cvtColor(region.texels, cv2.COLOR_BGRA2BGR)
        target = image[region.window]
        if alpha is not None:
            # the alpha softens the edge when the layer is composited
            cv2.copyTo(warped, region.mask, target)
            cv2.max(alpha[region.window], region.mask, dst=alpha[region.window])
            return
        edge = region.edge()
        share = region.mask[edge].astype(np.float32)[:, None] / 255
        blend = target[edge] * (1 - share) + warped[edge] * share
        cv2.copyTo(warped, region.mask, target)
        target[edge] = blend.astype(np.uint8)

    def visible_region(self, camera: Camera, rows: int | None = None) -> VisibleRegion | None:
        """Return what `camera` sees of the quad in the first `rows` of its image, None if nothing."""
        masked = self.mask(camera, rows)
        if masked is None:
            return None
        (x0, y0, x1, y1), mask = masked
        # only the visible part is warped
        left, top, width, height = cv2.boundingRect(mask)
        if width == 0:
            return None
        width, height = min(-(-(left + width) // _WARP_STEP) * _WARP_STEP, x1 - x0), top + height
        shift = np.array([[1.0, 0.0, -x0], [0.0, 1.0, -y0], [0.0, 0.0, 1.0]])
        per_pixel = self._texels_per_pixel(camera, (x0 + x1) / 2, (y0 + y1) / 2)
        texture, shrink = self._mipmap_level(per_pixel)
        warped = cv2.warpPerspective(
            texture, shift @ self.homography(camera, shrink), (width, height),
            flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP if self.repeats > 1 else cv2.BORDER_REPLICATE,
        )  # fmt: skip
        window = (slice(y0, y0 + height), slice(x0, x0 + width))
        return VisibleRegion(window, warped, np.ascontiguousarray(mask[:height, :width]))

    def mask(self, camera: Camera, rows: int | None = None) -> tuple[tuple[int, int, int, int], Image] | None:
        """Return left, top, right, bottom of the quad in the image, and its mask; None if invisible."""
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
        """Return how many texels fall on the pixel at (x, y), along the rows."""
        inverse = np.linalg.inv(self.homography(camera))
        here, right = (inverse @ np.array([x + dx, y, 1.0]) for dx in (0.0, 1.0))
        if abs(here[2]) < 1e-9 or abs(right[2]) < 1e-9:
            return 1.0
        return float(np.linalg.norm(right[:2] / right[2] - here[:2] / here[2]))

    def _mipmap_level(self, texels_per_pixel: float) -> tuple[Image, int]:
        """Return the texture halved until about one texel falls on a pixel, and by how much it is smaller.

        It has four channels: warping them is more than twice as fast as warping three.
        """
        if not self._mipmap:
            channels = self.texture.shape[2]
            self._mipmap.append(
                cv2.cvtColor(self.texture, cv2.COLOR_BGR2BGRA) if channels == 3 else self.texture
            )
        halvings = 0
        while texels_per_pixel > 1.6 and min(self._mipmap[halvings].shape[:2]) >= 16:
            if halvings + 1 == len(self._mipmap):
                height, width = self._mipmap[-1].shape[:2]
                size = (width // 2, height // 2)
                self._mipmap.append(cv2.resize(self._mipmap[-1], size, interpolation=cv2.INTER_AREA))
            halvings, texels_per_pixel = halvings + 1, texels_per_pixel / 2
        return self._mipmap[halvings], 2**halvings
