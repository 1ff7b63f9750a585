"""The record of one clip without its images, many times faster than rendering them."""

from __future__ import annotations

import numpy as np

from raasid.footage.records import Clip
from raasid.synthetic.arrays import Bools, Floats, Ints
from raasid.synthetic.background import occluder_masks
from raasid.synthetic.ball_rendering import ball_mask
from raasid.synthetic.body_rendering import Limbs
from raasid.synthetic.camera import Camera
from raasid.synthetic.clip_setup import ClipSetup
from raasid.synthetic.frame_labels import FrameLabeler
from raasid.synthetic.league import League
from raasid.synthetic.silhouettes import add_fingers, silhouettes
from raasid.synthetic.sprites import Mask
from raasid.synthetic.visibility import VisibilityRenderer


class MaskRasterizer:
    """A `Rasterizer` of masks without colours; side: as `Light.side`."""

    def __init__(self, size: tuple[int, int], side: float) -> None:
        self._size, self._side = size, side

    def people(self, actors: Ints, joints: Floats, limbs: Limbs, smear_px: Floats) -> list[Mask | None]:
        """See `Rasterizer`."""
        return silhouettes(limbs, self._size, side=self._side, smear_px=smear_px)

    def add_details(
        self, masks: list[Mask], actors: list[int], joints: Floats, hidden: Bools, cameras: list[Camera]
    ) -> list[Mask]:
        """See `Rasterizer`."""
        return add_fingers(masks, joints, hidden, cameras)

    def ball(self, centres: Floats, radius_px: float, position: Floats) -> Mask:
        """See `Rasterizer`."""
        return ball_mask(centres, radius_px)


def label_clip(league: League, match: int, clip: int) -> Clip:
    """Return the record that `render_clip` returns. Raises ScenarioInfeasible."""
    setup = ClipSetup.of(league, match, clip, painted=False)
    size, setting = setup.league.size, setup.setting
    rasterizer = MaskRasterizer(size, setting.light.side)
    renderer = VisibilityRenderer(
        setting, setup.play, setup.operator, size, rasterizer, close=setup.scene is not None
    )
    labeler = FrameLabeler(setup.play, size, setting.overlay.alpha)
    views = renderer.frames(np.array(setup.times))
    foregrounds = occluder_masks([view.camera for view in views], setting.stadium)
    frames = [
        labeler.label(view, foreground, i * setup.stride, setup.image_path(i))
        for i, (view, foreground) in enumerate(zip(views, foregrounds, strict=True))
    ]
    return setup.finish([], frames)[1]
