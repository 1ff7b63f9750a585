"""One clip of a league: its record alone, many times faster than with its pictures."""

from __future__ import annotations

import numpy as np

from raasid.data.records import Clip
from raasid.data.synthetic.arrays import Bools, Floats, Ints
from raasid.data.synthetic.ball_look import ball_mask
from raasid.data.synthetic.camera import Camera
from raasid.data.synthetic.cutout import Mask
from raasid.data.synthetic.figure import Limbs
from raasid.data.synthetic.league import League
from raasid.data.synthetic.sight import Sight
from raasid.data.synthetic.silhouette import silhouettes, with_fingers
from raasid.data.synthetic.staged import Staged
from raasid.data.synthetic.veil import veils


class Shapes:
    """Outlines without colours; see `sight.Brush`."""

    def __init__(self, size: tuple[int, int], side: float) -> None:
        self._size, self._side = size, side

    def people(self, actors: Ints, joints: Floats, limbs: Limbs, smear: Floats) -> list[Mask | None]:
        """See `sight.Brush`."""
        return silhouettes(limbs, self._size, side=self._side, smear_px=smear)

    def near_by(
        self, cuts: list[Mask], actors: list[int], joints: Floats, hidden: Bools, cameras: list[Camera]
    ) -> list[Mask]:
        """See `sight.Brush`."""
        return with_fingers(cuts, joints, hidden, cameras)

    def ball(self, centres: Floats, radius_px: float, middle: Floats) -> Mask:
        """See `sight.Brush`."""
        return ball_mask(centres, radius_px)


def label_clip(league: League, match: int, clip: int) -> Clip:
    """The record that `render_clip` gives. Raises what that raises."""
    on = Staged.of(league, match, clip, painted=False)
    shapes = Shapes(on.league.size, on.venue.light.side)
    sight = Sight(on.venue, on.play, on.work, on.league.size, shapes, close=on.scene is not None)
    seen = sight.watch(np.array(on.times))
    hiding = veils([frame.camera for frame in seen], on.venue.stadium)
    frames = [
        sight.label(frame, veil, i * on.stride, on.picture(i))
        for i, (frame, veil) in enumerate(zip(seen, hiding, strict=True))
    ]
    return on.delivered([], frames)[1]
