"""Fog: what is far away disappears in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.random import Generator

from raasid.data.synthetic.arrays import Floats, Image
from raasid.data.synthetic.camera import Camera
from raasid.data.synthetic.shifts.shift import Shift

if TYPE_CHECKING:
    from raasid.data.synthetic.venue import Venue

_VISIBILITY_M = (float("inf"), 190.0, 90.0, 52.0)
"""The distance over which contrast falls to 1/e."""
_FURTHEST_M = 160.0


class Fog(Shift):
    """Denser with the intensity."""

    name: ClassVar[str] = "fog"

    def venue(self, venue: Venue, seed: int, match: int) -> Venue:
        """Fog by the light of the match."""
        grey = 118.0 if venue.light.sky == "night" else 196.0

        def hangs(picture: Image, camera: Camera, rng: Generator) -> Image:
            clear = np.exp(-_row_distance(camera) / _VISIBILITY_M[self.intensity]).astype(np.float32)
            return np.asarray(
                (picture * clear[:, None, None] + grey * (1 - clear[:, None, None])).astype(np.uint8)
            )

        return replace(venue, weather=hangs)


def _row_distance(camera: Camera) -> Floats:
    """(height,) metres to the ground along the middle of each row."""
    width, height = camera.size
    rows = np.arange(height) + 0.5
    rays = np.stack(
        [np.full(height, (width / 2 - camera.principal[0]) / camera.focal_px),
         (rows - camera.principal[1]) / camera.focal_px, np.ones(height)], axis=1,
    )  # fmt: skip
    world = rays @ camera.rotation
    drop = -world[:, 2] / np.linalg.norm(world, axis=1)
    return np.asarray(np.minimum(camera.centre[2] / np.maximum(drop, 1e-3), _FURTHEST_M))
