"""Annotation errors that are added to labels on purpose; images do not change.

The same league without noise has the same images and the ground truth, so every error can be identified.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from numpy.random import Generator

from raasid.footage.records import Ball, Clip, Frame, Person

_LEFT_WRIST, _RIGHT_WRIST = 9, 10


@dataclass(frozen=True, slots=True)
class LabelNoise:
    """Rates and sizes of the errors, 0 to 1; see `LeagueSettings`."""

    missing_balls: float = 0.0
    box_jitter: float = 0.0
    swapped_wrists: float = 0.0

    def apply(self, clip: Clip, rng: Generator) -> Clip:
        """Return the clip with errors; without noise the clip itself."""
        if not (self.missing_balls or self.box_jitter or self.swapped_wrists):
            return clip
        return replace(clip, frames=tuple(self._frame(frame, rng) for frame in clip.frames))

    def _frame(self, frame: Frame, rng: Generator) -> Frame:
        # the draws do not depend on the rates, so that more noise keeps the errors of less noise
        balls = []
        for ball in frame.balls:
            lost = rng.random() < self.missing_balls
            moved = self._ball(ball, rng)
            if not lost or not ball.visible:
                balls.append(moved)
        persons = tuple(self._person(person, frame, rng) for person in frame.persons)
        return replace(frame, balls=tuple(balls), persons=persons)

    def _ball(self, ball: Ball, rng: Generator) -> Ball:
        dx, dy, dw, dh = (rng.standard_normal(4) * self.box_jitter).tolist()
        return replace(
            ball,
            x=round(ball.x + dx * ball.w, 3),
            y=round(ball.y + dy * ball.h, 3),
            w=round(ball.w * max(0.3, 1 + dw), 3),
            h=round(ball.h * max(0.3, 1 + dh), 3),
        )

    def _person(self, person: Person, frame: Frame, rng: Generator) -> Person:
        edges = (rng.standard_normal(4) * self.box_jitter).tolist()
        swapped = rng.random() < self.swapped_wrists
        x, y, w, h = person.box
        x0 = min(max(x + edges[0] * w, 0.0), frame.width - 2.0)
        y0 = min(max(y + edges[1] * h, 0.0), frame.height - 2.0)
        x1 = min(max(x + w + edges[2] * w, x0 + 1), float(frame.width))
        y1 = min(max(y + h + edges[3] * h, y0 + 1), float(frame.height))
        points = list(person.keypoints)
        if swapped and points:
            points[_LEFT_WRIST], points[_RIGHT_WRIST] = points[_RIGHT_WRIST], points[_LEFT_WRIST]
        box = (
            (round(x0, 2), round(y0, 2), round(x1 - x0, 2), round(y1 - y0, 2))
            if self.box_jitter
            else person.box
        )
        return replace(person, box=box, keypoints=tuple(points))
