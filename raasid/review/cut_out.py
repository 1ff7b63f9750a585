"""A part of a frame as a frame of its own, annotations and all."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from raasid.data.media import Image
from raasid.data.records import Ball, Frame, Keypoint, Person

Part = tuple[float, float, float, float]


def cut_out(image: Image, frame: Frame, part: Part, pixels: int = 360) -> tuple[Image, Frame]:
    """Enlarge a square round `part` (left, top, width, height) to `pixels`; what lies outside is grey."""
    left, top, width, height = part
    side = max(width, height)
    left, top = left + (width - side) / 2, top + (height - side) / 2
    zoom = pixels / side
    move = np.array([[zoom, 0, -left * zoom], [0, zoom, -top * zoom]])
    how = cv2.INTER_CUBIC if zoom > 1 else cv2.INTER_AREA
    shown = cv2.warpAffine(image, move, (pixels, pixels), flags=how, borderValue=(236, 236, 236))

    def ball(one: Ball) -> Ball:
        x, y = (one.x - left) * zoom, (one.y - top) * zoom
        return replace(one, x=x, y=y, w=one.w * zoom, h=one.h * zoom)

    def joint(point: Keypoint) -> Keypoint:
        x, y, visibility = point
        return (x - left) * zoom, (y - top) * zoom, visibility

    def person(one: Person) -> Person:
        x, y, w, h = one.box
        box = ((x - left) * zoom, (y - top) * zoom, w * zoom, h * zoom)
        return replace(one, box=box, keypoints=tuple(map(joint, one.keypoints)))

    near = [one for one in frame.persons if _meets(one.box, (left, top, side, side))]
    moved = replace(
        frame,
        width=pixels,
        height=pixels,
        balls=tuple(map(ball, frame.balls)),
        persons=tuple(map(person, near)),
    )
    return np.asarray(shown, np.uint8), moved


def _meets(a: Part, b: Part) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
