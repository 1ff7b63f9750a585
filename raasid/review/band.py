"""The strip below the picture of the annotated video: decision, probability of an offence, place in time."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from raasid.data.media import Image
from raasid.review.decision import Decision
from raasid.review.overlay import BODY, DARK, TOUCH, bgr, draw_text, fitting, text_width
from raasid.review.words import headline, restart_in_words

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
