"""One clip of a league: its record alone, many times faster than with its images.

A league's labels without its images: enough for whoever looks at tracks, and many times faster.
"""

from __future__ import annotations

import numpy as np

from raasid.footage.records import Clip
from raasid.synthetic.arrays import Bools, Floats, Ints
from raasid.synthetic.background import occluder_masks
from raasid.synthetic.ball_rendering import ball_mask
from raasid.synthetic.body_rendering import Limbs
from raasid.synthetic.camera import Camera
from raasid.synthetic.clip_setup import ClipSetup
from raasid.synthetic.league import League
from raasid.synthetic.silhouettes import add_fingers, silhouettes
from raasid.synthetic.sprites import Mask
from raasid.synthetic.visibility import VisibilityRenderer


class MaskRasterizer:
    """LimbStrokes without colours; see `sight.Rasterizer`."""

    def __init__(self, size: tuple[int, int], side: float) -> None:
        self._size, self._side = size, side

    def people(self, actors: Ints, joints: Floats, limbs: Limbs, smear: Floats) -> list[Mask | None]:
        """See `sight.Rasterizer`."""
        return silhouettes(limbs, self._size, side=self._side, smear_px=smear)

    def add_details(
        self, cuts: list[Mask], actors: list[int], joints: Floats, hidden: Bools, cameras: list[Camera]
    ) -> list[Mask]:
        """See `sight.Rasterizer`."""
        return add_fingers(cuts, joints, hidden, cameras)

    def ball(self, centres: Floats, radius_px: float, middle: Floats) -> Mask:
        """See `sight.Rasterizer`."""
        return ball_mask(centres, radius_px)


def label_clip(league: League, match: int, clip: int) -> Clip:
    """The record that `render_clip` gives. Raises what that raises."""
    on = ClipSetup.of(league, match, clip, painted=False)
    shapes = MaskRasterizer(on.league.size, on.setting.light.side)
    sight = VisibilityRenderer(
        on.setting, on.play, on.operator, on.league.size, shapes, close=on.scene is not None
    )
    seen = sight.watch(np.array(on.times))
    hiding = occluder_masks([frame.camera for frame in seen], on.setting.stadium)
    frames = [
        sight.label(frame, veil, i * on.stride, on.image_path(i))
        for i, (frame, veil) in enumerate(zip(seen, hiding, strict=True))
    ]
    return on.delivered([], frames)[1]
