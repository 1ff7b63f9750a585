"""Mirrored pictures, as some archives hold them: left is right."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import ClassVar

import numpy as np

from raasid.data.records import Ball, Clip, Contact, Frame, Keypoint, Person
from raasid.data.synthetic.arrays import Image
from raasid.data.synthetic.shifts.shift import STRONGEST, Shift

_OTHER_SIDE = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)


class Mirror(Shift):
    """A third, two thirds or all of the clips."""

    name: ClassVar[str] = "mirror"

    def deliver(self, images: list[Image], clip: Clip) -> tuple[list[Image], Clip]:
        """Pictures and labels flipped: what now looks like a left hand is labelled as one."""
        if zlib.crc32(clip.id.encode()) % STRONGEST >= self.intensity:
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
    for joint in _OTHER_SIDE:
        px, py, v = person.keypoints[joint]
        points.append((round(width - px, 2), py, v) if v else (0.0, 0.0, 0))
    return replace(person, box=(width - x - w, y, w, h), keypoints=tuple(points))
