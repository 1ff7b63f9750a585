"""Another place for the camera: higher up, or with a wider lens.

Time: fewer images a second with longer exposures, or a replay in slow motion.

A thin line: fewer pixels and coarse compression on the way to us.

Mirrored images, as some archives hold them: left is right.
"""

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

_HEIGHTS_M = ((10.0, 35.0), (36.0, 42.0), (46.0, 53.0), (58.0, 68.0))
_ZOOM = (1.0, 0.75, 0.55, 0.40)


class CameraHeight(Shift):
    """Higher up than any training camera."""

    name: ClassVar[str] = "camera_height"

    def change_league(self, league: League) -> League:
        """Cameras under the roof."""
        return league.replace(camera_height_m=_HEIGHTS_M[self.intensity])


class CameraZoom(Shift):
    """Everything smaller in the image."""

    name: ClassVar[str] = "camera_zoom"

    def change_league(self, league: League) -> League:
        """Wider shots."""
        zoom = _ZOOM[self.intensity]
        return league.replace(ball_px=league.ball_px * zoom, scenario_ball_px=league.scenario_ball_px * zoom)


_FEWER = (1.0, 1.5, 2.0, 3.0)
_EXPOSURE = (1.0, 1.8, 3.0, 4.5)
_LONGEST_S = 1 / 18
_SLOWER = (1.0, 1.5, 2.0, 3.0)


class FrameRate(Shift):
    """A feed of 25 Hz becomes one of 17, 12.5 or 8 Hz, and everything fast a streak."""

    name: ClassVar[str] = "frame_rate"

    def change_league(self, league: League) -> League:
        """Fewer frames a second."""
        return league.replace(frame_rate_hz=league.frame_rate_hz / _FEWER[self.intensity])

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """Longer exposures."""
        shutter = min(_LONGEST_S, setting.sensor.shutter_s * _EXPOSURE[self.intensity])
        return replace(setting, sensor=replace(setting.sensor, shutter_s=shutter))


class SlowMotion(Shift):
    """A replay one and a half, two or three times slower; what looks like a walk was a sprint."""

    name: ClassVar[str] = "slow_motion"

    def change_league(self, league: League) -> League:
        """Time passes more slowly."""
        return league.replace(slow_motion=league.slow_motion * _SLOWER[self.intensity])


_SCALE = (1.0, 0.75, 0.56, 0.40)
_QUALITY = (100, 42, 26, 14)


class Bitrate(Shift):
    """Smaller, then blockier, then stretched back to size."""

    name: ClassVar[str] = "bitrate"

    def change_clip(self, images: list[Image], clip: Clip) -> tuple[list[Image], Clip]:
        """Images through the thin line; labels as they are."""
        return [self._through(image) for image in images], clip

    def _through(self, image: Image) -> Image:
        height, width = image.shape[:2]
        scale = _SCALE[self.intensity]
        small = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY[self.intensity]])
        coarse = cv2.imdecode(data, cv2.IMREAD_COLOR)
        return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


class Mirror(Shift):
    """A third, two thirds or all of the clips."""

    name: ClassVar[str] = "mirror"

    def change_clip(self, images: list[Image], clip: Clip) -> tuple[list[Image], Clip]:
        """Images and labels flipped: what now looks like a left hand is labelled as one."""
        if zlib.crc32(clip.id.encode()) % MAX_INTENSITY >= self.intensity:
            return images, clip
        flipped = [np.ascontiguousarray(image[:, ::-1]) for image in images]
        frames = tuple(_frame(frame) for frame in clip.frames)
        return flipped, replace(clip, frames=frames, contact=_contact(clip.contact))


def _contact(contact: Contact | None) -> Contact | None:
    if contact is None or contact.side == "none":
        return contact
    return replace(contact, side="right" if contact.side == "left" else "left")


def _frame(frame: Frame) -> Frame:
    balls = tuple(_ball(ball, frame.width) for ball in frame.balls)
    return replace(frame, balls=balls, persons=tuple(_person(p, frame.width) for p in frame.persons))


def _ball(ball: Ball, width: int) -> Ball:
    # an absent ball has no place that could be mirrored
    return replace(ball, x=round(width - ball.x, 3)) if ball.w > 0 else ball


def _person(person: Person, width: int) -> Person:
    x, y, w, h = person.box
    points: list[Keypoint] = []
    for joint in FLIP_INDICES:
        px, py, v = person.keypoints[joint]
        points.append((round(width - px, 2), py, v) if v else (0.0, 0.0, 0))
    return replace(person, box=(width - x - w, y, w, h), keypoints=tuple(points))
