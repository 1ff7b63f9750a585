"""One frame: the image, and the labels that follow from the same geometry.

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
from raasid.synthetic.background import StaticBackground, paint_backgrounds
from raasid.synthetic.ball_rendering import render_ball
from raasid.synthetic.body_rendering import Limbs, OutfitColours, render_bodies
from raasid.synthetic.camera import Camera
from raasid.synthetic.camera_operator import CameraOperator
from raasid.synthetic.clip_setup import ClipSetup
from raasid.synthetic.close_up_details import add_details
from raasid.synthetic.league import League
from raasid.synthetic.lighting import draw_shadows
from raasid.synthetic.match_setting import MatchSetting
from raasid.synthetic.play_simulation import Play
from raasid.synthetic.sprites import Sprite
from raasid.synthetic.visibility import FrameView, VisibilityRenderer


class ColourRasterizer:
    """Draws people and balls in the colours and the light of the setting."""

    def __init__(self, setting: MatchSetting, play: Play, size: tuple[int, int], seed: Generator) -> None:
        self._setting, self._play, self._size = setting, play, size
        self._rotation = np.linalg.qr(seed.standard_normal((3, 3)))[0]
        self._axis = seed.standard_normal(3)
        self._paints = [OutfitColours(actor.outfit) for actor in play.cast.actors]

    def people(self, actors: Ints, joints: Floats, limbs: Limbs, smear: Floats) -> list[Sprite | None]:
        """See `sight.Rasterizer`."""
        light = self._setting.light
        paints = [self._paints[actor] for actor in actors.tolist()]
        levels = light.brightness(joints[:, 11, :2])
        return render_bodies(limbs, paints, self._size, light=levels, side=light.side, smear_px=smear)

    def add_details(
        self, cuts: list[Sprite], actors: list[int], joints: Floats, hidden: Bools, cameras: list[Camera]
    ) -> list[Sprite]:
        """See `sight.Rasterizer`."""
        return [self._finished(*body) for body in zip(cuts, actors, joints, hidden, cameras, strict=True)]

    def _finished(self, sprite: Sprite, actor: int, joints: Floats, hidden: Bools, camera: Camera) -> Sprite:
        who = self._play.cast.actors[actor]
        number = 1 if who.role == "goalkeeper" else who.track % 20 + 1 if who.role == "player" else 0
        light = float(self._setting.light.brightness(joints[11, :2]))
        return add_details(sprite, joints, hidden, who.outfit, camera, light=light, number=number)

    def ball(self, centres: Floats, radius_px: float, middle: Floats) -> Sprite:
        """See `sight.Rasterizer`."""
        setting = self._setting
        spin = cv2.Rodrigues(self._axis * float(middle[:2].sum()) * 4.0)[0]
        return render_ball(
            setting.ball,
            centres,
            radius_px,
            rotation=np.asarray(spin @ self._rotation),
            light=float(setting.light.brightness(middle[:2])),
            side=setting.light.side,
            bounce=setting.turf.green,
        )


class ClipRenderer:
    """Renders the frames of one clip; close: as in `VisibilityRenderer`."""

    def __init__(
        self,
        setting: MatchSetting,
        play: Play,
        operator: CameraOperator,
        size: tuple[int, int],
        seed: Generator,
        *,
        close: bool = False,
    ) -> None:
        self._setting, self._play = setting, play
        self._sight = VisibilityRenderer(
            setting, play, operator, size, ColourRasterizer(setting, play, size, seed), close=close
        )

    def frame(
        self, plate: StaticBackground, t: float, index: int, path: Path, rng: Generator
    ) -> tuple[Image, Frame]:
        """Image and labels of the frame whose exposure is centred on time t, seconds."""
        setting = self._setting
        seen = self._sight.look(t)
        camera = seen.camera
        image, before = plate.frame(camera)
        image = _pan_blur(image, seen.cameras[0], seen.cameras[-1])
        lying = [place for place in (self._sight.ball_at(t), self._play.spare_ball) if place is not None]
        draw_shadows(image, camera, setting.light, seen.joints[seen.near], np.array(lying).reshape(-1, 3))
        veil = _draw(image, seen, before)
        if setting.weather is not None:
            # a stream of its own: the camera's noise is the same in any weather
            falls = np.random.default_rng(zlib.crc32(path.as_posix().encode()))
            image = setting.weather(image, camera, falls)
        image = setting.sensor.expose(image, rng)
        setting.overlay.composite(image)
        return setting.sensor.compress(image), self._sight.label(seen, veil, index, path)


def _draw(image: Image, seen: FrameView[Sprite], before: Image | None) -> Floats | None:
    """OutfitColours far to near, then what stands before all of them; gives the alpha of that, (h, w)."""
    for item in seen.from_afar():
        item.sprite.composite(image)
    if before is None:
        return None
    veil = before[..., 3].astype(np.float32) / 255
    covered = veil > 0
    share = veil[covered][:, None]
    image[covered] = (image[covered] * (1 - share) + before[covered, :3] * share).astype(np.uint8)
    return veil


def _pan_blur(image: Image, first: Camera, last: Camera) -> Image:
    """Smear the still world by the camera's movement during the exposure."""
    middle = np.array([first.size[0] / 2, first.size[1] / 2, 1.0])
    moved = last.homography_from(first) @ middle
    way = moved[:2] / moved[2] - middle[:2]
    length = float(np.linalg.norm(way))
    if length < 0.9:
        return image
    reach = min(int(np.ceil(length / 2)), 12)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    tip = way / 2 * min(1.0, 24 / length)
    start, stop = (np.round((reach + sign * tip) * 16).astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, start, stop, 255, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(image, -1, kernel.astype(np.float32) / float(kernel.sum())))


def render_clip(
    league: League, match: int, clip: int, *, moment_only: bool = False
) -> tuple[list[Image], Clip]:
    """Frames (height, width, 3), blue-green-red, and the record of one clip.

    The result depends on the arguments alone: clips may be rendered in any order and in any process.
    moment_only: of a scripted clip, no frame but that of the touch.
    Raises ScenarioInfeasible where a scenario cannot be staged.
    """
    on = ClipSetup.of(league, match, clip)
    setting, scene = on.setting, on.scene
    wanted = [scene.moment] if moment_only and scene is not None else list(range(len(on.times)))
    plates = paint_backgrounds(
        on.paint, [on.operator.at(on.times[i]) for i in wanted], setting.turf, setting.stadium
    )
    shot = ClipRenderer(setting, on.play, on.operator, on.league.size, on.lens, close=scene is not None)
    images: list[Image] = []
    frames: list[Frame] = []
    for plate in plates:
        for i in (wanted[k] for k in plate.span):
            image, frame = shot.frame(plate, on.times[i], i * on.stride, on.image_path(i), on.lens)
            images.append(image)
            frames.append(frame)
    return on.delivered(images, frames)
