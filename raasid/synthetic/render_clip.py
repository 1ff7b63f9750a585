"""One rendered clip of a league: its images and its record, from the same geometry."""

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
from raasid.synthetic.frame_labels import FrameLabeler
from raasid.synthetic.league import League
from raasid.synthetic.lighting import draw_shadows
from raasid.synthetic.match_setting import MatchSetting
from raasid.synthetic.play_simulation import Play
from raasid.synthetic.sprites import Sprite
from raasid.synthetic.visibility import FrameView, VisibilityRenderer


def render_clip(
    league: League, match: int, clip: int, *, moment_only: bool = False
) -> tuple[list[Image], Clip]:
    """Return frames (height, width, 3), blue-green-red, and the record of one clip.

    The result depends on the arguments alone: clips may be rendered in any order and in any process.
    moment_only: of a scripted clip only the frame of the touch.
    Raises ScenarioInfeasible.
    """
    setup = ClipSetup.of(league, match, clip)
    setting, scene = setup.setting, setup.scene
    indices = [scene.moment] if moment_only and scene is not None else list(range(len(setup.times)))
    cameras = [setup.operator.at(setup.times[i]) for i in indices]
    backgrounds = paint_backgrounds(setup.paint_rng, cameras, setting.turf, setting.stadium)
    renderer = ClipRenderer(
        setting, setup.play, setup.operator, setup.league.size, setup.camera_rng, close=scene is not None
    )
    images: list[Image] = []
    frames: list[Frame] = []
    for background in backgrounds:
        for i in (indices[k] for k in background.span):
            image, frame = renderer.frame(
                background, setup.times[i], i * setup.stride, setup.image_path(i), setup.camera_rng
            )
            images.append(image)
            frames.append(frame)
    return setup.finish(images, frames)


class ClipRenderer:
    """Renders and labels the frames of one clip; close: as in `VisibilityRenderer`."""

    def __init__(
        self,
        setting: MatchSetting,
        play: Play,
        operator: CameraOperator,
        size: tuple[int, int],
        rng: Generator,
        *,
        close: bool = False,
    ) -> None:
        self._setting, self._play = setting, play
        rasterizer = ColourRasterizer(setting, play, size, rng)
        self._renderer = VisibilityRenderer(setting, play, operator, size, rasterizer, close=close)
        self._labeler = FrameLabeler(play, size, setting.overlay.alpha)

    def frame(
        self, background: StaticBackground, t: float, index: int, path: Path, rng: Generator
    ) -> tuple[Image, Frame]:
        """Return image and labels of the frame whose exposure is centred on time t, seconds."""
        setting, play = self._setting, self._play
        view = self._renderer.frame(t)
        camera = view.camera
        image, foreground = background.frame(camera)
        image = _pan_blur(image, view.cameras[0], view.cameras[-1])
        match_ball = None if play.ball is None else play.ball.at(t)
        balls = [position for position in (match_ball, play.spare_ball) if position is not None]
        draw_shadows(image, camera, setting.light, view.joints[view.nearby], np.array(balls).reshape(-1, 3))
        foreground_alpha = _composite(image, view, foreground)
        if setting.weather is not None:
            # a separate stream, so that the sensor noise is the same in any weather
            weather_rng = np.random.default_rng(zlib.crc32(path.as_posix().encode()))
            image = setting.weather(image, camera, weather_rng)
        image = setting.sensor.expose(image, rng)
        setting.overlay.composite(image)
        return setting.sensor.compress(image), self._labeler.label(view, foreground_alpha, index, path)


class ColourRasterizer:
    """A `Rasterizer` that draws people and balls in the colours and the light of the match."""

    def __init__(self, setting: MatchSetting, play: Play, size: tuple[int, int], rng: Generator) -> None:
        self._setting, self._play, self._size = setting, play, size
        self._ball_rotation = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        self._ball_axis = rng.standard_normal(3)
        self._colours = [OutfitColours(actor.outfit) for actor in play.cast.actors]

    def people(self, actors: Ints, joints: Floats, limbs: Limbs, smear_px: Floats) -> list[Sprite | None]:
        """See `Rasterizer`."""
        light = self._setting.light
        colours = [self._colours[actor] for actor in actors.tolist()]
        brightness = light.brightness(joints[:, 11, :2])
        return render_bodies(limbs, colours, self._size, light=brightness, side=light.side, smear_px=smear_px)

    def add_details(
        self, masks: list[Sprite], actors: list[int], joints: Floats, hidden: Bools, cameras: list[Camera]
    ) -> list[Sprite]:
        """See `Rasterizer`."""
        return [self._detailed(*body) for body in zip(masks, actors, joints, hidden, cameras, strict=True)]

    def _detailed(self, sprite: Sprite, index: int, joints: Floats, hidden: Bools, camera: Camera) -> Sprite:
        actor = self._play.cast.actors[index]
        number = 1 if actor.role == "goalkeeper" else actor.track % 20 + 1 if actor.role == "player" else 0
        light = float(self._setting.light.brightness(joints[11, :2]))
        return add_details(sprite, joints, hidden, actor.outfit, camera, light=light, number=number)

    def ball(self, centres: Floats, radius_px: float, position: Floats) -> Sprite:
        """See `Rasterizer`."""
        setting = self._setting
        spin = cv2.Rodrigues(self._ball_axis * float(position[:2].sum()) * 4.0)[0]
        return render_ball(
            setting.ball,
            centres,
            radius_px,
            rotation=np.asarray(spin @ self._ball_rotation),
            light=float(setting.light.brightness(position[:2])),
            side=setting.light.side,
            bounce=setting.turf.green,
        )


def _composite(image: Image, view: FrameView[Sprite], foreground: Image | None) -> Floats | None:
    """Draw people and balls from far to near, then the foreground; return the alpha (h, w) of the latter."""
    for item in view.by_depth():
        item.sprite.composite(image)
    if foreground is None:
        return None
    alpha = foreground[..., 3].astype(np.float32) / 255
    covered = alpha > 0
    share = alpha[covered][:, None]
    image[covered] = (image[covered] * (1 - share) + foreground[covered, :3] * share).astype(np.uint8)
    return alpha


def _pan_blur(image: Image, first: Camera, last: Camera) -> Image:
    """Blur the static world by the movement of the camera during the exposure."""
    middle = np.array([first.size[0] / 2, first.size[1] / 2, 1.0])
    moved = last.homography_from(first) @ middle
    motion = moved[:2] / moved[2] - middle[:2]
    length = float(np.linalg.norm(motion))
    if length < 0.9:
        return image
    reach = min(int(np.ceil(length / 2)), 12)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    tip = motion / 2 * min(1.0, 24 / length)
    start, stop = (np.round((reach + sign * tip) * 16).astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, start, stop, 255, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(image, -1, kernel.astype(np.float32) / float(kernel.sum())))
