"""The annotated video of a review: every frame with what was seen in it, and a pause at the touch.

MPEG-4 Part 2 in an MP4 (`mp4v`): what OpenCV's wheels can write; they bring no H.264 encoder. Players on the
desktop show it, some browsers do not.

The strip below the picture of the annotated video: decision, probability of an offence, place in time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from raasid.errors import RaasidError
from raasid.footage.media import Image
from raasid.footage.records import Frame
from raasid.review.decision import Decision
from raasid.review.decision_writer import headline, restart_in_words, touch_in_words
from raasid.review.drawing import (
    BODY,
    DARK,
    TOUCH,
    bgr,
    draw_ball,
    draw_people,
    draw_text,
    draw_touch,
    fitting,
    text_width,
)
from raasid.review.perceived_frames import Stretches

HEIGHT = 78
_SOFT, _GROOVE, _OFFENCE, _FAIR = map(bgr, ("#aab4be", "#3a434d", "#d55e00", "#56b4e9"))
_EDGE = 14
_BAR = 190


@dataclass(frozen=True, slots=True)
class Band:
    """Draws the strip for one clip."""

    decision: Decision
    frames: int
    width: int

    def draw(self, frame: int) -> Image:
        """Return the strip (HEIGHT, width, 3) for a frame of the clip."""
        strip = np.full((HEIGHT, self.width, 3), DARK, np.uint8)
        room = self.width - 2 * _EDGE
        bar = min(_BAR, room // 3)
        self._words(strip, room - bar - 2 * _EDGE, frame)
        self._bar(strip, self.width - _EDGE - bar, bar, frame)
        self._time(strip, room, frame)
        return strip

    def _words(self, strip: Image, room: float, frame: int) -> None:
        said = self.decision
        draw_text(strip, fitting(headline(said), 20, room, 600), (_EDGE, 28), 20, BODY, 600)
        if said.abstained:
            under = said.reasons[0]
        else:
            under = f"{restart_in_words(said)} · confidence {said.confidence:.2f}"
        time_s = frame / said.stands_on.frame_rate_hz
        clock = f"{time_s:.2f} s · law {said.edition.replace('_', '/')} · "
        draw_text(strip, fitting(clock + under, 14, room), (_EDGE, 52), 14, _SOFT)

    def _bar(self, strip: Image, left: int, width: int, frame: int) -> None:
        held = [w.offence_probability for w in self.decision.windows if w.start <= frame < w.stop]
        probability = max((p for p in held if p is not None), default=None)
        title = "offence" if probability is not None else "cannot be told" if held else "no arm near the ball"
        draw_text(strip, fitting(title, 13, width - 40), (left, 22), 13, _SOFT)
        cv2.rectangle(strip, (left, 32), (left + width, 46), _GROOVE, -1)
        middle = left + width // 2
        if probability is not None:
            tip = left + round(width * probability)
            colour = _OFFENCE if probability >= 0.5 else _FAIR
            cv2.rectangle(strip, (left, 32), (tip, 46), colour, -1)
            cv2.line(strip, (tip, 29), (tip, 49), BODY, 2)
            value = f"{probability:.2f}"
            draw_text(strip, value, (left + width - text_width(value, 15, 600), 22), 15, BODY, 600)
        cv2.line(strip, (middle, 46), (middle, 51), _SOFT, 1)

    def _time(self, strip: Image, room: int, frame: int) -> None:
        """A line for the whole clip: what was judged, the touch as a diamond, and where we are."""

        def x(at: float) -> int:
            return _EDGE + round(room * at / max(1, self.frames - 1))

        y = HEIGHT - 12
        cv2.line(strip, (_EDGE, y), (_EDGE + room, y), _GROOVE, 2)
        for window in self.decision.windows:
            cv2.line(strip, (x(window.start), y), (x(window.stop - 1), y), _SOFT, 4)
        if self.decision.contact is not None:
            at = x(self.decision.contact.frame)
            diamond = np.array([(at, y - 7), (at + 7, y), (at, y + 7), (at - 7, y)], np.int32)
            cv2.fillPoly(strip, [diamond], TOUCH, cv2.LINE_AA)
        cv2.line(strip, (x(frame), y - 8), (x(frame), y + 8), BODY, 2)


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
