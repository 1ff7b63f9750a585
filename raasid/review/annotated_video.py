"""The annotated video of a review: every frame with what was detected in it, and a pause at the touch.

MPEG-4 Part 2 in an MP4 (`mp4v`) is what OpenCV's wheels can write; they have no H.264 encoder. Players on the
desktop show it, some browsers do not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from raasid.errors import RaasidError
from raasid.footage.records import Frame
from raasid.io.atomic import sync_file, temporary_path
from raasid.io.image_reader import Image, opencv_name
from raasid.review.decision import Decision, contact_text, headline, restart_text
from raasid.review.drawing import (
    BODY,
    DARK,
    TOUCH,
    bgr,
    draw_ball,
    draw_people,
    draw_text,
    draw_touch,
    fit_text,
    text_width,
)
from raasid.review.perceived_frames import PerceivedFrames

FILE_NAME = "annotated.mp4"
STRIP_HEIGHT = 78
_MIN_PX = 360
"""Smaller footage is enlarged to this, so that the annotations are legible."""
_PAUSE_S = 1.5
_TRAIL = 40
"""Frames of the ball's trail."""
_INSET = 0.34
"""Side of the enlarged touch, of the frame's shorter side."""
_ZOOM_ARMS = 3.2
"""Width of the enlarged part in arm lengths."""
_SOFT, _GROOVE, _OFFENCE, _NO_OFFENCE = map(bgr, ("#aab4be", "#3a434d", "#d55e00", "#56b4e9"))
_MARGIN = 14
_BAR_WIDTH = 190
_INDEX_BYTES = 1 << 20
"""More than the index of an MP4 file takes, and what OpenCV holds back until the end."""


class VideoUnwritable(RaasidError):
    """OpenCV cannot write the annotated video."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: cannot be written as MPEG-4 video; review.video=false leaves it out")


def write_video(
    folder: Path,
    perceived: PerceivedFrames,
    decision: Decision,
    arm_px: float,
    max_px: int,
    update: Callable[[int], None],
) -> Path:
    """Write FOLDER/annotated.mp4 and return its path; memory does not grow with the clip.

    arm_px: length of the decisive arm, which sets the zoom of the inset. max_px: longest side of the video.
    Raises VideoUnwritable, DiskFull.
    """
    video = perceived.video
    scale = _scale(video.width, video.height, max_px)
    width, height = (2 * max(8, round(side * scale / 2)) for side in (video.width, video.height))
    path = folder / FILE_NAME
    writer = cv2.VideoWriter(
        opencv_name(path),
        cv2.VideoWriter.fourcc(*"mp4v"),
        video.frame_rate_hz,
        (width, height + STRIP_HEIGHT),
    )
    if not writer.isOpened():
        _check_written(path)
    strip = InfoStrip(decision, video.frames, width)
    trail: deque[Frame] = deque(maxlen=_TRAIL)
    contact = decision.contact
    arm = None if contact is None or contact.person is None else (contact.person, contact.side)
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # a line for each lost frame
    try:
        images = video.images()
        for chunk in perceived:
            for frame in chunk:
                image = next(images, None)
                if image is None:
                    break
                trail.append(frame)
                canvas = np.asarray(
                    cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8
                )
                draw_people(canvas, frame.persons, scale, arm if _in_window(decision, frame.index) else None)
                draw_ball(canvas, list(trail), video.frame_rate_hz, scale)
                below = strip.draw(frame.index)
                writer.write(np.vstack([canvas, below]))
                if contact is not None and frame.index == contact.frame:
                    _draw_inset(canvas, image, frame, decision, scale, arm_px)
                    for _ in range(round(_PAUSE_S * video.frame_rate_hz)):
                        writer.write(np.vstack([canvas, below]))
                update(1)
    finally:
        writer.release()
        cv2.utils.logging.setLogLevel(level)
    _check_written(path)
    return path


def _check_written(path: Path) -> None:
    """Look whether all was written, which OpenCV does not tell. Raises DiskFull, VideoUnwritable."""
    # the index at the end of the file is written last
    capture = cv2.VideoCapture(opencv_name(path))
    is_complete = capture.isOpened() and capture.read()[0]
    capture.release()
    if not is_complete:
        size = path.stat().st_size if path.is_file() else 0
        with temporary_path(path.parent, path.name, size + _INDEX_BYTES) as draft:  # is it the disk?
            draft.write_bytes(bytes(_INDEX_BYTES))
            sync_file(draft)
        raise VideoUnwritable(path)
    sync_file(path)


def _in_window(decision: Decision, frame: int) -> bool:
    return any(window.start <= frame < window.stop for window in decision.windows)


def _scale(width: int, height: int, max_px: int) -> float:
    scale = min(1.0, max_px / max(width, height))
    return max(scale, min(max_px / max(width, height), _MIN_PX / min(width, height)))


def _draw_inset(
    canvas: Image, image: Image, frame: Frame, decision: Decision, scale: float, arm_px: float
) -> None:
    """Mark the touch, and enlarge it in the corner that is farthest from it."""
    if not frame.balls:
        return
    ball = frame.balls[0]
    high, wide = canvas.shape[:2]
    side = round(_INSET * min(high, wide))
    part = max(24.0, _ZOOM_ARMS * arm_px, 4 * max(ball.w, ball.h))
    zoom = side / part
    affine = np.array([[zoom, 0, side / 2 - ball.x * zoom], [0, zoom, side / 2 - ball.y * zoom]])
    inset = np.asarray(cv2.warpAffine(image, affine, (side, side), flags=cv2.INTER_CUBIC), np.uint8)
    draw_touch(canvas, (ball.x, ball.y), scale)
    left = 10 if ball.x * scale > wide / 2 else wide - side - 10
    top = 10 if ball.y * scale > high / 2 else high - side - 10
    canvas[top : top + side, left : left + side] = inset
    cv2.rectangle(canvas, (left - 1, top - 1), (left + side, top + side), TOUCH, 2)
    text = contact_text(decision)
    room = text_width(text, 15, 500)
    at = min(max(6.0, ball.x * scale - room / 2), max(6.0, wide - room - 6)), ball.y * scale - 34
    base = at[1] if at[1] > 24 else ball.y * scale + 48
    cv2.rectangle(
        canvas, (round(at[0]) - 5, round(base) - 17), (round(at[0] + room) + 5, round(base) + 6), DARK, -1
    )
    draw_text(canvas, text, (at[0], base), 15, weight=500)


@dataclass(frozen=True, slots=True)
class InfoStrip:
    """The strip below the image: decision, probability of an offence, timeline."""

    decision: Decision
    frames: int
    width: int

    def draw(self, frame: int) -> Image:
        """Return the strip (STRIP_HEIGHT, width, 3) for a frame of the clip."""
        strip = np.full((STRIP_HEIGHT, self.width, 3), DARK, np.uint8)
        room = self.width - 2 * _MARGIN
        bar = min(_BAR_WIDTH, room // 3)
        self._draw_decision(strip, room - bar - 2 * _MARGIN, frame)
        self._draw_probability(strip, self.width - _MARGIN - bar, bar, frame)
        self._draw_timeline(strip, room, frame)
        return strip

    def _draw_decision(self, strip: Image, room: float, frame: int) -> None:
        decision = self.decision
        draw_text(strip, fit_text(headline(decision), 20, room, 600), (_MARGIN, 28), 20, BODY, 600)
        if decision.abstained:
            detail = decision.reasons[0]
        else:
            detail = f"{restart_text(decision)} · confidence {decision.confidence:.2f}"
        time_s = frame / decision.stands_on.frame_rate_hz
        clock = f"{time_s:.2f} s · law {decision.edition.removeprefix('ifab_').replace('_', '/')} · "
        draw_text(strip, fit_text(clock + detail, 14, room), (_MARGIN, 52), 14, _SOFT)

    def _draw_probability(self, strip: Image, left: int, width: int, frame: int) -> None:
        windows = [w.offence_probability for w in self.decision.windows if w.start <= frame < w.stop]
        probability = max((p for p in windows if p is not None), default=None)
        title = (
            "offence" if probability is not None else "cannot be told" if windows else "no arm near the ball"
        )
        draw_text(strip, fit_text(title, 13, width - 40), (left, 22), 13, _SOFT)
        cv2.rectangle(strip, (left, 32), (left + width, 46), _GROOVE, -1)
        middle = left + width // 2
        if probability is not None:
            tip = left + round(width * probability)
            colour = _OFFENCE if probability >= 0.5 else _NO_OFFENCE
            cv2.rectangle(strip, (left, 32), (tip, 46), colour, -1)
            cv2.line(strip, (tip, 29), (tip, 49), BODY, 2)
            value = f"{probability:.2f}"
            draw_text(strip, value, (left + width - text_width(value, 15, 600), 22), 15, BODY, 600)
        cv2.line(strip, (middle, 46), (middle, 51), _SOFT, 1)

    def _draw_timeline(self, strip: Image, room: int, frame: int) -> None:
        """A line for the clip with the judged windows, the touch as a diamond, and the present frame."""

        def x(at: float) -> int:
            return _MARGIN + round(room * at / max(1, self.frames - 1))

        y = STRIP_HEIGHT - 12
        cv2.line(strip, (_MARGIN, y), (_MARGIN + room, y), _GROOVE, 2)
        for window in self.decision.windows:
            cv2.line(strip, (x(window.start), y), (x(window.stop - 1), y), _SOFT, 4)
        if self.decision.contact is not None:
            at = x(self.decision.contact.frame)
            diamond = np.array([(at, y - 7), (at + 7, y), (at, y + 7), (at - 7, y)], np.int32)
            cv2.fillPoly(strip, [diamond], TOUCH, cv2.LINE_AA)
        cv2.line(strip, (x(frame), y - 8), (x(frame), y + 8), BODY, 2)
