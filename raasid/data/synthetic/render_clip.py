"""One clip of a league: its frames and its record."""

from __future__ import annotations

from raasid.data.records import Clip, Frame
from raasid.data.synthetic.arrays import Image
from raasid.data.synthetic.league import League
from raasid.data.synthetic.plate import paint_plates
from raasid.data.synthetic.shot import Shot
from raasid.data.synthetic.staged import Staged


def render_clip(
    league: League, match: int, clip: int, *, moment_only: bool = False
) -> tuple[list[Image], Clip]:
    """Frames (height, width, 3), blue-green-red, and the record of one clip.

    The result depends on the arguments alone: clips may be rendered in any order and in any process.
    moment_only: of a scripted clip, no frame but that of the touch.
    Raises ScenarioUnknown, ShiftUnknown, and SceneUnplayable where a scenario cannot be staged.
    """
    on = Staged.of(league, match, clip)
    venue, scene = on.venue, on.scene
    wanted = [scene.moment] if moment_only and scene is not None else list(range(len(on.times)))
    plates = paint_plates(on.paint, [on.work.at(on.times[i]) for i in wanted], venue.turf, venue.stadium)
    shot = Shot(venue, on.play, on.work, on.league.size, on.lens, close=scene is not None)
    images: list[Image] = []
    frames: list[Frame] = []
    for plate in plates:
        for i in (wanted[k] for k in plate.span):
            image, frame = shot.frame(plate, on.times[i], i * on.stride, on.picture(i), on.lens)
            images.append(image)
            frames.append(frame)
    return on.delivered(images, frames)
