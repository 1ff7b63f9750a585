"""One frame: the picture, and the labels that follow from the same geometry.

One clip of a league: its frames and its record.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from raasid.footage.records import Clip, Frame
from raasid.synthetic.arrays import Bools, Floats, Image, Ints
from raasid.synthetic.background import Plate, paint_plates
from raasid.synthetic.ball_rendering import ball_cutout
from raasid.synthetic.body_rendering import Limbs, Paint, figures
from raasid.synthetic.camera import Camera
from raasid.synthetic.camera_operator import Operator
from raasid.synthetic.clip_setup import Staged
from raasid.synthetic.close_up_details import finish
from raasid.synthetic.league import League
from raasid.synthetic.lighting import lay_shadows
from raasid.synthetic.match_setting import Venue
from raasid.synthetic.play_simulation import Play
from raasid.synthetic.sprites import Cutout
from raasid.synthetic.visibility import Seen, Sight


class Colours:
    """Draws people and balls in the colours and the light of the venue."""

    def __init__(self, venue: Venue, play: Play, size: tuple[int, int], seed: Generator) -> None:
        self._venue, self._play, self._size = venue, play, size
        self._turn = np.linalg.qr(seed.standard_normal((3, 3)))[0]
        self._axis = seed.standard_normal(3)
        self._paints = [Paint(actor.outfit) for actor in play.cast.actors]

    def people(self, actors: Ints, joints: Floats, limbs: Limbs, smear: Floats) -> list[Cutout | None]:
        """See `sight.Brush`."""
        light = self._venue.light
        paints = [self._paints[actor] for actor in actors.tolist()]
        levels = light.level(joints[:, 11, :2])
        return figures(limbs, paints, self._size, light=levels, side=light.side, smear_px=smear)

    def near_by(
        self, cuts: list[Cutout], actors: list[int], joints: Floats, hidden: Bools, cameras: list[Camera]
    ) -> list[Cutout]:
        """See `sight.Brush`."""
        return [self._finished(*body) for body in zip(cuts, actors, joints, hidden, cameras, strict=True)]

    def _finished(self, cutout: Cutout, actor: int, joints: Floats, hidden: Bools, camera: Camera) -> Cutout:
        who = self._play.cast.actors[actor]
        number = 1 if who.role == "goalkeeper" else who.track % 20 + 1 if who.role == "player" else 0
        light = float(self._venue.light.level(joints[11, :2]))
        return finish(cutout, joints, hidden, who.outfit, camera, light=light, number=number)

    def ball(self, centres: Floats, radius_px: float, middle: Floats) -> Cutout:
        """See `sight.Brush`."""
        venue = self._venue
        spin = cv2.Rodrigues(self._axis * float(middle[:2].sum()) * 4.0)[0]
        return ball_cutout(
            venue.ball,
            centres,
            radius_px,
            turn=np.asarray(spin @ self._turn),
            light=float(venue.light.level(middle[:2])),
            side=venue.light.side,
            bounce=venue.turf.green,
        )


class Shot:
    """Renders the frames of one clip; close: as in `Sight`."""

    def __init__(
        self,
        venue: Venue,
        play: Play,
        work: Operator,
        size: tuple[int, int],
        seed: Generator,
        *,
        close: bool = False,
    ) -> None:
        self._venue, self._play = venue, play
        self._sight = Sight(venue, play, work, size, Colours(venue, play, size, seed), close=close)

    def frame(self, plate: Plate, t: float, index: int, image: Path, rng: Generator) -> tuple[Image, Frame]:
        """Picture and labels of the frame whose exposure is centred on time t, seconds."""
        venue = self._venue
        seen = self._sight.look(t)
        camera = seen.camera
        picture, before = plate.frame(camera)
        picture = _pan_blur(picture, seen.cameras[0], seen.cameras[-1])
        lying = [place for place in (self._sight.ball_at(t), self._play.spare) if place is not None]
        lay_shadows(picture, camera, venue.light, seen.joints[seen.near], np.array(lying).reshape(-1, 3))
        veil = _draw(picture, seen, before)
        if venue.weather is not None:
            # a stream of its own: the camera's noise is the same in any weather
            falls = np.random.default_rng(zlib.crc32(image.as_posix().encode()))
            picture = venue.weather(picture, camera, falls)
        picture = venue.sensor.expose(picture, rng)
        venue.overlay.lay(picture)
        return venue.sensor.compress(picture), self._sight.label(seen, veil, index, image)


def _draw(picture: Image, seen: Seen[Cutout], before: Image | None) -> Floats | None:
    """Paint far to near, then what stands before all of them; gives the alpha of that, (h, w)."""
    for item in seen.from_afar():
        item.cutout.lay(picture)
    if before is None:
        return None
    veil = before[..., 3].astype(np.float32) / 255
    covered = veil > 0
    share = veil[covered][:, None]
    picture[covered] = (picture[covered] * (1 - share) + before[covered, :3] * share).astype(np.uint8)
    return veil


def _pan_blur(picture: Image, first: Camera, last: Camera) -> Image:
    """Smear the still world by the camera's movement during the exposure."""
    middle = np.array([first.size[0] / 2, first.size[1] / 2, 1.0])
    moved = last.same_spot(first) @ middle
    way = moved[:2] / moved[2] - middle[:2]
    length = float(np.linalg.norm(way))
    if length < 0.9:
        return picture
    reach = min(int(np.ceil(length / 2)), 12)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    tip = way / 2 * min(1.0, 24 / length)
    start, stop = (np.round((reach + sign * tip) * 16).astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, start, stop, 255, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(picture, -1, kernel.astype(np.float32) / float(kernel.sum())))


def render_clip(
    league: League, match: int, clip: int, *, moment_only: bool = False
) -> tuple[list[Image], Clip]:
    """Frames (height, width, 3), blue-green-red, and the record of one clip.

    The result depends on the arguments alone: clips may be rendered in any order and in any process.
    moment_only: of a scripted clip, no frame but that of the touch.
    Raises SceneUnplayable where a scenario cannot be staged.
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
