"""Shift suites of the camera: height, zoom, frame rate, slow motion, bitrate, mirrored images."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import cv2
import numpy as np

from raasid.footage.keypoints import FLIP_INDICES
from raasid.footage.records import Ball, Clip, Contact, Frame, Keypoint, Person
from raasid.synthetic.arrays import Image
from raasid.synthetic.shifts.shift import MAX_INTENSITY, Shift

if TYPE_CHECKING:
    from raasid.synthetic.league import League
    from raasid.synthetic.match_setting import MatchSetting

# tuples: by intensity, 0 to 3
_CAMERA_HEIGHTS_M = ((10.0, 35.0), (36.0, 42.0), (46.0, 53.0), (58.0, 68.0))
_ZOOM = (1.0, 0.75, 0.55, 0.40)
_FRAME_RATE_DIVISOR = (1.0, 1.5, 2.0, 3.0)
_EXPOSURE_FACTOR = (1.0, 1.8, 3.0, 4.5)
_MAX_EXPOSURE_S = 1 / 18
_SLOW_MOTION = (1.0, 1.5, 2.0, 3.0)
_BITRATE_SCALE = (1.0, 0.75, 0.56, 0.40)
_BITRATE_QUALITY = (100, 42, 26, 14)


class CameraHeight(Shift):
    """Cameras higher than any training camera."""

    name: ClassVar[str] = "camera_height"

    def change_league(self, league: League) -> League:
        """Return the league with cameras under the roof."""
        return league.replace(camera_height_m=_CAMERA_HEIGHTS_M[self.intensity])


class CameraZoom(Shift):
    """Everything is smaller in the image."""

    name: ClassVar[str] = "camera_zoom"

    def change_league(self, league: League) -> League:
        """Return the league with wider shots."""
        zoom = _ZOOM[self.intensity]
        return league.replace(ball_px=league.ball_px * zoom, scenario_ball_px=league.scenario_ball_px * zoom)


class FrameRate(Shift):
    """A feed of 25 Hz becomes one of 17, 12.5 or 8 Hz with longer exposures."""

    name: ClassVar[str] = "frame_rate"

    def change_league(self, league: League) -> League:
        """Return the league with fewer frames a second."""
        return league.replace(frame_rate_hz=league.frame_rate_hz / _FRAME_RATE_DIVISOR[self.intensity])

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """Return the setting with longer exposures."""
        shutter = min(_MAX_EXPOSURE_S, setting.sensor.shutter_s * _EXPOSURE_FACTOR[self.intensity])
        return replace(setting, sensor=replace(setting.sensor, shutter_s=shutter))


class SlowMotion(Shift):
    """A replay 1.5, 2 or 3 times slower."""

    name: ClassVar[str] = "slow_motion"

    def change_league(self, league: League) -> League:
        """Return the league in slow motion."""
        return league.replace(slow_motion=league.slow_motion * _SLOW_MOTION[self.intensity])


class Bitrate(Shift):
    """Images are shrunk, compressed and enlarged again."""

    name: ClassVar[str] = "bitrate"

    def change_clip(self, images: list[Image], clip: Clip) -> tuple[list[Image], Clip]:
        """Return the degraded images; labels do not change."""
        return [self._degraded(image) for image in images], clip

    def _degraded(self, image: Image) -> Image:
        height, width = image.shape[:2]
        scale = _BITRATE_SCALE[self.intensity]
        small = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _BITRATE_QUALITY[self.intensity]])
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        return np.asarray(cv2.resize(decoded, (width, height), interpolation=cv2.INTER_CUBIC))


class Mirror(Shift):
    """A third, two thirds or all of the clips are mirrored, as in some archives."""

    name: ClassVar[str] = "mirror"

    def change_clip(self, images: list[Image], clip: Clip) -> tuple[list[Image], Clip]:
        """Return images and labels flipped: a right hand becomes a left one in both."""
        if zlib.crc32(clip.id.encode()) % MAX_INTENSITY >= self.intensity:
            return images, clip
        flipped = [np.ascontiguousarray(image[:, ::-1]) for image in images]
        frames = tuple(_flipped_frame(frame) for frame in clip.frames)
        return flipped, replace(clip, frames=frames, contact=_flipped_contact(clip.contact))


def _flipped_contact(contact: Contact | None) -> Contact | None:
    if contact is None or contact.side == "none":
        return contact
    return replace(contact, side="right" if contact.side == "left" else "left")


def _flipped_frame(frame: Frame) -> Frame:
    balls = tuple(_flipped_ball(ball, frame.width) for ball in frame.balls)
    return replace(frame, balls=balls, persons=tuple(_flipped_person(p, frame.width) for p in frame.persons))


def _flipped_ball(ball: Ball, width: int) -> Ball:
    # an absent ball has no position
    return replace(ball, x=round(width - ball.x, 3)) if ball.w > 0 else ball


def _flipped_person(person: Person, width: int) -> Person:
    x, y, w, h = person.box
    points: list[Keypoint] = []
    for joint in FLIP_INDICES:
        px, py, v = person.keypoints[joint]
        points.append((round(width - px, 2), py, v) if v else (0.0, 0.0, 0))
    return replace(person, box=(width - x - w, y, w, h), keypoints=tuple(points))
