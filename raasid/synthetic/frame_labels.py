"""Labels of a rendered frame: boxes, keypoints, visibility and tags, from the geometry that is rendered."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from raasid.footage.records import Ball, Frame, Keypoint, Person, Visibility
from raasid.synthetic.arrays import Floats
from raasid.synthetic.camera_operator import REFERENCE_WIDTH
from raasid.synthetic.pitch import line_distance
from raasid.synthetic.play_simulation import Play
from raasid.synthetic.visibility import BallProjection, FrameView, M, VisibleBody

_HIDDEN, _PARTLY = 0.5, 0.25
"""Occluded shares of the ball above which it is labelled as hidden and as partly visible."""


class FrameLabeler:
    """Labels the frames of one clip.

    size: width, height of the image. graphics: (h, w) alpha of the broadcast graphics.
    """

    def __init__(self, play: Play, size: tuple[int, int], graphics: Floats) -> None:
        self._play, self._size, self._graphics = play, size, graphics

    def label(self, view: FrameView[M], foreground: Floats | None, index: int, path: Path) -> Frame:
        """Return the record of a frame; foreground: (h, w) alpha of what occludes people and ball."""
        _occlude(view, self._graphics if foreground is None else np.maximum(self._graphics, foreground))
        labels = [(b.in_play, ball) for b in view.balls if (ball := self._ball(b)) is not None]
        balls = tuple(ball for _, ball in labels)
        in_play = bool(labels) and labels[0][0]
        # people who only touch the edge of the image have an empty box
        persons = tuple(p for b in view.bodies if min((p := self._person(b)).box[2:]) > 0)
        tags = self._tags(balls[0] if in_play else None, view.joints, view.t)
        if not in_play and balls:
            balls = (Ball(0.0, 0.0, 0.0, 0.0, Visibility.ABSENT), *balls)
        return Frame(index, path, *self._size, balls, persons, tags)

    def _ball(self, ball: BallProjection[M]) -> Ball | None:
        """Return the box of the whole streak, clipped at the edge of the image; None outside of it."""
        width, height = self._size
        r = ball.radius_px
        low = np.maximum(ball.centres.min(axis=0) - r, 0)
        high = np.minimum(ball.centres.max(axis=0) + r, [width, height])
        if (high - low < 0.25 * r).any():
            return None
        alpha = ball.sprite.alpha
        visible = float((alpha * ball.visible).sum() / alpha.sum())
        (x, y), (w, h) = (low + high) / 2, high - low
        streak = float(np.linalg.norm(np.diff(ball.centres, axis=0), axis=1).sum()) + 2 * r
        if visible < 1 - _HIDDEN:
            state = Visibility.HIDDEN
        elif visible < 1 - _PARTLY:
            state = Visibility.PARTLY
        elif streak > 4 * r:
            state = Visibility.BLURRED
        else:
            state = Visibility.CLEAR
        return Ball(round(float(x), 3), round(float(y), 3), round(float(w), 3), round(float(h), 3), state)

    def _person(self, body: VisibleBody[M]) -> Person:
        width, height = self._size
        left, top, w, h = cv2.boundingRect((body.sprite.alpha > 0.3).astype(np.uint8))
        left, top = left + body.sprite.left, top + body.sprite.top
        x0, x1, y0, y1 = max(0, left), min(width, left + w), max(0, top), min(height, top + h)
        points: list[Keypoint] = []
        for (x, y), visible in zip(body.keypoints.tolist(), body.visible.tolist(), strict=True):
            inside = 0 <= x < width and 0 <= y < height
            points.append((round(x, 2), round(y, 2), 2 if visible else 1) if inside else (0.0, 0.0, 0))
        actor = self._play.cast.actors[body.actor]
        box = (float(x0), float(y0), float(x1 - x0), float(y1 - y0))
        return Person(actor.track, actor.role, box, actor.team, tuple(points))

    def _tags(self, ball: Ball | None, joints: Floats, t: float) -> tuple[str, ...]:
        if ball is None:
            return ("no_ball",)
        assert self._play.ball is not None
        position = self._play.ball.at(t)
        tags: list[str] = []
        diameter = min(ball.w, ball.h) * REFERENCE_WIDTH / self._size[0]
        tags.append("small" if diameter < 4 else "large" if diameter > 8 else "medium")
        names = {Visibility.HIDDEN: "hidden", Visibility.PARTLY: "partly", Visibility.BLURRED: "blurred"}
        if ball.visibility in names:
            tags.append(names[ball.visibility])
        if np.linalg.norm(joints[:, 13:] - position, axis=-1).min(initial=9.0) < 1.0:
            tags.append("near_player")
        if position[2] > 0.6:
            tags.append("in_air")
        elif line_distance(float(position[0]), float(position[1])) < 0.25:
            tags.append("on_line")
        return tuple(tags)


def _occlude(view: FrameView[M], covered: Floats) -> None:
    """Update what is visible of people and balls behind nearer ones and behind `covered` (h, w) alpha."""
    height, width = covered.shape
    bodies: list[VisibleBody[M]] = []
    balls: list[BallProjection[M]] = []
    for item in view.by_depth():
        for body in bodies:
            if item.sprite.overlaps(body.sprite):
                body.visible &= item.sprite.at(body.keypoints[:, 0], body.keypoints[:, 1]) < 0.5
        for ball in balls:
            item.sprite.occlude(ball.sprite, ball.visible)
        if isinstance(item, VisibleBody):
            bodies.append(item)
        else:
            balls.append(item)
    for ball in balls:
        ball.visible *= 1 - ball.sprite.crop(covered, outside=1.0)
    for body in bodies:
        x, y = body.keypoints[:, 0].astype(int), body.keypoints[:, 1].astype(int)
        inside = (body.keypoints >= 0).all(axis=1) & (x < width) & (y < height)
        body.visible &= inside
        body.visible[inside] &= covered[y[inside], x[inside]] < 0.5
