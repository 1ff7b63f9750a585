"""What a frame shows of people and balls, and the labels that follow: the geometry without the paint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import cv2
import numpy as np

from raasid.footage.records import Ball, Frame, Keypoint, Person, Visibility
from raasid.synthetic.arrays import Bools, Floats, Ints
from raasid.synthetic.ball_physics import RADIUS_M
from raasid.synthetic.body_rendering import Limbs, self_occluded
from raasid.synthetic.camera import Camera, Cameras
from raasid.synthetic.camera_operator import REFERENCE_WIDTH, CameraOperator
from raasid.synthetic.close_up_details import NEAR_PX_PER_M
from raasid.synthetic.match_setting import MatchSetting
from raasid.synthetic.pitch import line_distance
from raasid.synthetic.play_simulation import Play
from raasid.synthetic.skeleton import COCO_JOINTS
from raasid.synthetic.sprites import Mask

SUBFRAMES = 3
_SHARP_PX = 2.5
"""Who moves further during the exposure shows no small parts."""
_HIDDEN, _PARTLY = 0.5, 0.25
"""Covered shares of the ball above which it counts as hidden and as partly visible."""

M = TypeVar("M", bound=Mask)


@dataclass(slots=True, eq=False)
class Body(Generic[M]):
    """A person in sight, on the way to a label."""

    actor: int
    sprite: M
    depth: float
    keypoints: Floats
    """(17, 2) pixels."""
    seen: Bools
    """(17,) whether each keypoint is visible."""


@dataclass(slots=True, eq=False)
class BallProjection(Generic[M]):
    """A ball in sight, on the way to a label."""

    sprite: M
    depth: float
    centres: Floats
    """(n, 2) pixels during the exposure."""
    radius_px: float
    in_play: bool
    left_over: Floats
    """What nearer things leave to be seen, of the shape of the cut-out's alpha."""


class Rasterizer(Protocol[M]):
    """Makes outlines, with or without what is in them."""

    def people(self, actors: Ints, joints: Floats, limbs: Limbs, smear: Floats) -> Sequence[M | None]:
        """The bodies (N, 25, 3) of the actors (N,), motion_blurred by (N, 2) pixels; None: out of sight."""

    def add_details(
        self, cuts: list[M], actors: list[int], joints: Floats, hidden: Bools, cameras: list[Camera]
    ) -> list[M]:
        """Bodies (N, 25, 3) with the small parts that show from near; hidden: (N, 17) by the body itself."""

    def ball(self, centres: Floats, radius_px: float, middle: Floats) -> M:
        """The ball at `middle` (3,) metres, along centres (n, 2) pixels of the exposure."""


@dataclass(slots=True, eq=False)
class FrameView(Generic[M]):
    """People and balls in one frame."""

    t: float
    cameras: list[Camera]
    """During the exposure."""
    joints: Floats
    """(N, 25, 3) metres, of the whole cast."""
    near: Ints
    """Indices of those who may show in the image."""
    bodies: list[Body[M]]
    """The farthest first."""
    spheres: list[BallProjection[M]]
    """The match ball, then a spare_ball one."""

    @property
    def camera(self) -> Camera:
        """In the middle of the exposure."""
        return self.cameras[SUBFRAMES // 2]

    def from_afar(self) -> list[Body[M] | BallProjection[M]]:
        """All of them, the farthest first."""
        return sorted([*self.bodies, *self.spheres], key=lambda thing: -thing.depth)


class VisibilityRenderer(Generic[M]):
    """Looks at one clip's play through its camera.

    close: whether people have faces, fingers and numbers, which show in close-ups alone.
    """

    def __init__(
        self,
        setting: MatchSetting,
        play: Play,
        operator: CameraOperator,
        size: tuple[int, int],
        brush: Rasterizer[M],
        *,
        close: bool,
    ) -> None:
        self._setting, self._play, self._operator, self._size = setting, play, operator, size
        self._brush, self._close = brush, close

    def look(self, t: float) -> FrameView[M]:
        """What the exposure centred on time t, seconds, shows."""
        (seen,) = self.watch(np.array([t]))
        return seen

    def watch(self, times: Floats) -> list[FrameView[M]]:
        """What the exposures centred on times (T,) show; much faster than one at a time."""
        shutter = self._setting.sensor.shutter_s
        within = times[:, None] + np.linspace(-0.5, 0.5, SUBFRAMES) * shutter
        cameras = self._operator.at_times(within.ravel())
        eyes, middle = Cameras(cameras), np.arange(len(times)) * SUBFRAMES + SUBFRAMES // 2
        joints = self._play.cast.joints_at(times)
        near = self._in_sight(joints, eyes.select(middle))
        bodies, spheres = self._bodies(joints, near, eyes, cameras, times), self._spheres(eyes, within)
        out: list[FrameView[M]] = []
        for k, t in enumerate(times.tolist()):
            mine = cameras[k * SUBFRAMES : (k + 1) * SUBFRAMES]
            out.append(FrameView(t, mine, joints[k], np.flatnonzero(near[k]), bodies[k], spheres[k]))
        return out

    def label(self, seen: FrameView[M], before: Floats | None, index: int, path: Path) -> Frame:
        """The frame's record. before: (h, w) alpha of what hides people and ball."""
        hiding = self._setting.overlay.alpha
        _cover(seen, hiding if before is None else np.maximum(hiding, before))
        labels = [(s.in_play, ball) for s in seen.spheres if (ball := self._ball(s)) is not None]
        balls = tuple(ball for _, ball in labels)
        in_play = bool(labels) and labels[0][0]
        # who only grazes the image's edge has no box in it
        persons = tuple(p for b in seen.bodies if min((p := self._person(b)).box[2:]) > 0)
        tags = self._tags(balls[0] if in_play else None, seen.joints, seen.t)
        if not in_play and balls:
            balls = (Ball(0.0, 0.0, 0.0, 0.0, Visibility.ABSENT), *balls)
        return Frame(index, path, *self._size, balls, persons, tags)

    def ball_at(self, t: float) -> Floats | None:
        """(3,) metres, or None when no ball is in play."""
        return None if self._play.ball is None else self._play.ball.at(t)

    def _in_sight(self, joints: Floats, eyes: Cameras) -> Bools:
        """(T, N) who may show in the image."""
        middle, depth = eyes.project(joints[:, :, 11])
        margin = (2.2 * eyes.focal_px / np.maximum(depth, 3.0))[..., None]
        inside = (middle > -margin).all(axis=2) & (middle < np.array(self._size) + margin).all(axis=2)
        return np.asarray(inside & (depth > 4))

    def _bodies(
        self, joints: Floats, near: Bools, eyes: Cameras, cameras: list[Camera], times: Floats
    ) -> list[list[Body[M]]]:
        """People in sight, frame by frame, the farthest first. near: (T, N)."""
        out: list[list[Body[M]]] = [[] for _ in times]
        frames, actors = np.nonzero(near)
        if len(actors) == 0:
            return out
        first, eye = eyes.select(frames * SUBFRAMES), eyes.select(frames * SUBFRAMES + SUBFRAMES // 2)
        last = eyes.select(frames * SUBFRAMES + SUBFRAMES - 1)
        rows = joints[frames, actors]
        drift = np.zeros((len(rows), 1, 3))
        pace = np.stack([self._play.cast.velocity(t) for t in times.tolist()])[frames, actors]
        drift[:, 0, :2] = pace * self._setting.sensor.shutter_s / 2
        hips = rows[:, 11:12]
        smear = (last.project(hips + drift)[0] - first.project(hips - drift)[0])[:, 0]
        limbs = Limbs.of(rows, eye)
        hidden = self_occluded(limbs, rows, eye)
        pixels, depth = eye.project(rows[:, :COCO_JOINTS])
        large = eye.pixels_per_metre(depth[:, 11:12])[:, 0] >= NEAR_PX_PER_M
        detailed = large & (np.abs(smear).max(axis=1) < _SHARP_PX) if self._close else np.zeros_like(large)
        away = depth[:, 11:13].mean(axis=1).tolist()
        cuts = self._brush.people(actors, rows, limbs, smear)
        near_by = [k for k in np.flatnonzero(detailed).tolist() if cuts[k] is not None]
        who, views = (
            actors[near_by].tolist(),
            [cameras[f * SUBFRAMES + SUBFRAMES // 2] for f in frames[near_by]],
        )
        plain = [cut for k in near_by if (cut := cuts[k]) is not None]
        finer = self._brush.add_details(plain, who, rows[near_by], hidden[near_by], views)
        whole = dict(enumerate(cuts)) | dict(zip(near_by, finer, strict=True))
        for k, (frame, actor) in enumerate(zip(frames.tolist(), actors.tolist(), strict=True)):
            if (cut := whole[k]) is not None:
                out[frame].append(Body(actor, cut, away[k], pixels[k], ~hidden[k]))
        return [sorted(bodies, key=lambda b: -b.depth) for bodies in out]

    def _spheres(self, eyes: Cameras, within: Floats) -> list[list[BallProjection[M]]]:
        """The match ball and then a spare_ball one, where they can show, frame by frame.

        within: (T, n) seconds, times of the exposures; eyes: as many cameras.
        """
        shape = (*within.shape, 3)
        tracks: list[tuple[bool, Floats]] = []
        if self._play.ball is not None:
            tracks.append((True, self._play.ball.along(within.ravel()).reshape(shape)))
        if self._play.spare_ball is not None:
            tracks.append((False, np.broadcast_to(self._play.spare_ball, shape)))
        out: list[list[BallProjection[M]]] = [[] for _ in within]
        half = within.shape[1] // 2
        for in_play, track in tracks:
            pixels, depth = eyes.project(track.reshape(-1, 1, 3))
            radius = RADIUS_M * eyes.pixels_per_metre(depth).reshape(within.shape)[:, half]
            centres, depth = pixels.reshape(*within.shape, 2), depth.reshape(within.shape)[:, half]
            shows = (np.abs(centres) < 4 * max(self._size)).all(axis=(1, 2))
            for k in np.flatnonzero(shows).tolist():
                cut = self._brush.ball(centres[k], float(radius[k]), track[k, half])
                free = np.ones_like(cut.alpha)
                out[k].append(
                    BallProjection(cut, float(depth[k]), centres[k], float(radius[k]), in_play, free)
                )
        return out

    def _ball(self, sphere: BallProjection[M]) -> Ball | None:
        """The ball's box: the whole streak, cut at the image's edge; None when it is not in the image."""
        width, height = self._size
        r = sphere.radius_px
        low = np.maximum(sphere.centres.min(axis=0) - r, 0)
        high = np.minimum(sphere.centres.max(axis=0) + r, [width, height])
        if (high - low < 0.25 * r).any():
            return None
        alpha = sphere.sprite.alpha
        visible = float((alpha * sphere.left_over).sum() / alpha.sum())
        (x, y), (w, h) = (low + high) / 2, high - low
        streak = float(np.linalg.norm(np.diff(sphere.centres, axis=0), axis=1).sum()) + 2 * r
        if visible < 1 - _HIDDEN:
            state = Visibility.HIDDEN
        elif visible < 1 - _PARTLY:
            state = Visibility.PARTLY
        elif streak > 4 * r:
            state = Visibility.BLURRED
        else:
            state = Visibility.CLEAR
        return Ball(round(float(x), 3), round(float(y), 3), round(float(w), 3), round(float(h), 3), state)

    def _person(self, body: Body[M]) -> Person:
        width, height = self._size
        left, top, wide, tall = cv2.boundingRect((body.sprite.alpha > 0.3).astype(np.uint8))
        left, top = left + body.sprite.left, top + body.sprite.top
        x0, x1, y0, y1 = max(0, left), min(width, left + wide), max(0, top), min(height, top + tall)
        points: list[Keypoint] = []
        for (x, y), seen in zip(body.keypoints.tolist(), body.seen.tolist(), strict=True):
            inside = 0 <= x < width and 0 <= y < height
            points.append((round(x, 2), round(y, 2), 2 if seen else 1) if inside else (0.0, 0.0, 0))
        actor = self._play.cast.actors[body.actor]
        box = (float(x0), float(y0), float(x1 - x0), float(y1 - y0))
        return Person(actor.track, actor.role, box, actor.team, tuple(points))

    def _tags(self, ball: Ball | None, joints: Floats, t: float) -> tuple[str, ...]:
        if ball is None:
            return ("no_ball",)
        place = self.ball_at(t)
        assert place is not None
        tags: list[str] = []
        diameter = min(ball.w, ball.h) * REFERENCE_WIDTH / self._size[0]
        tags.append("small" if diameter < 4 else "large" if diameter > 8 else "medium")
        names = {Visibility.HIDDEN: "hidden", Visibility.PARTLY: "partly", Visibility.BLURRED: "blurred"}
        if ball.visibility in names:
            tags.append(names[ball.visibility])
        if np.linalg.norm(joints[:, 13:] - place, axis=-1).min(initial=9.0) < 1.0:
            tags.append("near_player")
        if place[2] > 0.6:
            tags.append("in_air")
        elif line_distance(float(place[0]), float(place[1])) < 0.25:
            tags.append("on_line")
        return tuple(tags)


def _cover(seen: FrameView[M], hiding: Floats) -> None:
    """Note what nearer people and balls, and the alpha `hiding` (h, w) of the whole frame, cover."""
    height, width = hiding.shape
    drawn: list[Body[M]] = []
    balls: list[BallProjection[M]] = []
    for item in seen.from_afar():
        for other in drawn:
            if item.sprite.overlaps(other.sprite):
                other.seen &= item.sprite.at(other.keypoints[:, 0], other.keypoints[:, 1]) < 0.5
        for sphere in balls:
            item.sprite.occlude(sphere.sprite, sphere.left_over)
        if isinstance(item, Body):
            drawn.append(item)
        else:
            balls.append(item)
    for sphere in balls:
        sphere.left_over *= 1 - sphere.sprite.crop(hiding, outside=1.0)
    for body in drawn:
        x, y = body.keypoints[:, 0].astype(int), body.keypoints[:, 1].astype(int)
        inside = (body.keypoints >= 0).all(axis=1) & (x < width) & (y < height)
        body.seen &= inside
        body.seen[inside] &= hiding[y[inside], x[inside]] < 0.5
