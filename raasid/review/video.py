"""The annotated video of a review: every frame with what was seen in it, and a pause at the touch.

MPEG-4 Part 2 in an MP4 (`mp4v`): what OpenCV's wheels can write; they bring no H.264 encoder. Players on the
desktop show it, some browsers do not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from raasid.data.media import Image
from raasid.data.records import Frame
from raasid.errors import RaasidError
from raasid.review.band import HEIGHT, Band
from raasid.review.decision import Decision
from raasid.review.overlay import DARK, TOUCH, draw_ball, draw_people, draw_text, draw_touch, text_width
from raasid.review.stretches import Stretches
from raasid.review.words import touch_in_words

FILE_NAME = "annotated.mp4"
_LEAST_PX = 360
"""Smaller footage is enlarged, so that what is drawn can be read."""
_PAUSE_S = 1.5
_TRAIL = 40
_INSET = 0.34
"""Of the shorter side: the enlarged touch."""
_ZOOM_ARMS = 3.2
"""Arm lengths that the enlarged part is wide."""


class VideoUnwritable(RaasidError):
    """OpenCV cannot write the annotated video."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: cannot be written as MPEG-4 video; is the disk full? review.video=false leaves it out"
        )


def write_video(
    folder: Path,
    stretches: Stretches,
    decision: Decision,
    arm_px: float,
    longest: int,
    advance: Callable[[int], None],
) -> Path:
    """Write FOLDER/annotated.mp4 and return it; memory does not grow with the clip.

    arm_px: length of the arm that is looked at, for the enlargement. longest: side of the picture, pixels.
    Raises VideoUnwritable.
    """
    film = stretches.film
    scale = _scale(film.width, film.height, longest)
    width, height = (2 * max(8, round(side * scale / 2)) for side in (film.width, film.height))
    path = folder / FILE_NAME
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter.fourcc(*"mp4v"), film.frame_rate_hz, (width, height + HEIGHT)
    )
    if not writer.isOpened():
        raise VideoUnwritable(path)
    band = Band(decision, film.frames, width)
    trail: deque[Frame] = deque(maxlen=_TRAIL)
    contact = decision.contact
    arm = None if contact is None or contact.person is None else (contact.person, contact.side)
    try:
        images = film.images()
        for stretch in stretches:
            for frame in stretch:
                image = next(images, None)
                if image is None:
                    break
                trail.append(frame)
                picture = np.asarray(
                    cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8
                )
                draw_people(picture, frame.persons, scale, arm if _judged(decision, frame.index) else None)
                draw_ball(picture, list(trail), film.frame_rate_hz, scale)
                strip = band.draw(frame.index)
                writer.write(np.vstack([picture, strip]))
                if contact is not None and frame.index == contact.frame:
                    _mark(picture, image, frame, decision, scale, arm_px)
                    for _ in range(round(_PAUSE_S * film.frame_rate_hz)):
                        writer.write(np.vstack([picture, strip]))
                advance(1)
    finally:
        writer.release()
    if not path.is_file() or not path.stat().st_size:
        raise VideoUnwritable(path)
    return path


def _judged(decision: Decision, frame: int) -> bool:
    return any(window.start <= frame < window.stop for window in decision.windows)


def _scale(width: int, height: int, longest: int) -> float:
    scale = min(1.0, longest / max(width, height))
    return max(scale, min(longest / max(width, height), _LEAST_PX / min(width, height)))


def _mark(
    picture: Image, image: Image, frame: Frame, decision: Decision, scale: float, arm_px: float
) -> None:
    """Mark the touch, and enlarge it in the corner that is farthest from it."""
    if not frame.balls:
        return
    ball = frame.balls[0]
    high, wide = picture.shape[:2]
    side = round(_INSET * min(high, wide))
    part = max(24.0, _ZOOM_ARMS * arm_px, 4 * max(ball.w, ball.h))
    zoom = side / part
    move = np.array([[zoom, 0, side / 2 - ball.x * zoom], [0, zoom, side / 2 - ball.y * zoom]])
    inset = np.asarray(cv2.warpAffine(image, move, (side, side), flags=cv2.INTER_CUBIC), np.uint8)
    draw_touch(picture, (ball.x, ball.y), scale)
    left = 10 if ball.x * scale > wide / 2 else wide - side - 10
    top = 10 if ball.y * scale > high / 2 else high - side - 10
    picture[top : top + side, left : left + side] = inset
    cv2.rectangle(picture, (left - 1, top - 1), (left + side, top + side), TOUCH, 2)
    words = touch_in_words(decision)
    room = text_width(words, 15, 500)
    at = min(max(6.0, ball.x * scale - room / 2), max(6.0, wide - room - 6)), ball.y * scale - 34
    base = at[1] if at[1] > 24 else ball.y * scale + 48
    cv2.rectangle(
        picture, (round(at[0]) - 5, round(base) - 17), (round(at[0] + room) + 5, round(base) + 6), DARK, -1
    )
    draw_text(picture, words, (at[0], base), 15, weight=500)
