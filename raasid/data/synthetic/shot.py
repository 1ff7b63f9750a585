"""One frame: the picture, and the labels that follow from the same geometry."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from raasid.data.records import Ball, Frame, Keypoint, Person, Visibility
from raasid.data.synthetic.arrays import Bools, Floats, Image, Ints
from raasid.data.synthetic.ball_look import ball_cutout
from raasid.data.synthetic.ball_path import RADIUS_M
from raasid.data.synthetic.camera import Camera
from raasid.data.synthetic.camera_work import REFERENCE_WIDTH, Operator
from raasid.data.synthetic.cutout import Cutout
from raasid.data.synthetic.figure import Limbs, Paint, figures, self_hidden
from raasid.data.synthetic.finish import NEAR_PX_PER_M, finish
from raasid.data.synthetic.motion import Play
from raasid.data.synthetic.pitch import line_distance
from raasid.data.synthetic.plate import Plate
from raasid.data.synthetic.shadow import lay_shadows
from raasid.data.synthetic.skeleton import COCO_JOINTS
from raasid.data.synthetic.venue import Venue

_SUBFRAMES = 3
_SHARP_PX = 2.5
"""Who moves further during the exposure shows no small parts."""
_HIDDEN, _PARTLY = 0.5, 0.25
"""Covered shares of the ball above which it counts as hidden and as partly visible."""


@dataclass(slots=True, eq=False)
class _Body:
    """A person in sight, on the way to a label."""

    actor: int
    cutout: Cutout
    depth: float
    keypoints: Floats
    """(17, 2) pixels."""
    seen: Bools
    """(17,) whether each keypoint is visible."""


@dataclass(slots=True, eq=False)
class _Sphere:
    """A ball in sight, on the way to a label."""

    cutout: Cutout
    depth: float
    centres: Floats
    """(n, 2) pixels during the exposure."""
    radius_px: float
    in_play: bool
    left_over: Floats
    """What nearer things leave to be seen, of the shape of the cut-out's alpha."""


class Shot:
    """Renders the frames of one clip.

    close: whether people have faces, fingers and numbers, which show in close-ups alone.
    """

    def __init__(
        self,
        venue: Venue,
        play: Play,
        work: Operator,
        size: tuple[int, int],
        seed: Generator,
        *,
        close: bool = False,
    ) -> None:
        self._venue, self._play, self._work, self._size = venue, play, work, size
        self._close = close
        self._turn = np.linalg.qr(seed.standard_normal((3, 3)))[0]
        self._axis = seed.standard_normal(3)
        side = float(np.sign(venue.light.towards[0])) if venue.light.sky == "sun" else 0.0
        self._side = side * 0.8
        self._paints = [Paint(actor.outfit) for actor in play.cast.actors]

    def frame(self, plate: Plate, t: float, index: int, image: Path, rng: Generator) -> tuple[Image, Frame]:
        """Picture and labels of the frame whose exposure is centred on time t, seconds."""
        venue, play = self._venue, self._play
        shutter = venue.sensor.shutter_s
        cameras = [self._work.at(t + s * shutter) for s in np.linspace(-0.5, 0.5, _SUBFRAMES).tolist()]
        camera = cameras[_SUBFRAMES // 2]
        picture, before = plate.frame(camera)
        picture = _pan_blur(picture, cameras[0], cameras[-1])

        joints = play.cast.joints(t)
        near = self._in_sight(joints, camera)
        spheres = self._spheres(cameras, t)
        lying = [place for place in (self._ball_at(t), play.spare) if place is not None]
        lay_shadows(picture, camera, venue.light, joints[near], np.array(lying).reshape(-1, 3))
        bodies = self._bodies(joints, near, cameras, t)
        self._draw(picture, bodies, spheres, before)
        if venue.weather is not None:
            # a stream of its own: the camera's noise is the same in any weather
            falls = np.random.default_rng(zlib.crc32(image.as_posix().encode()))
            picture = venue.weather(picture, camera, falls)
        picture = venue.sensor.expose(picture, rng)
        venue.overlay.lay(picture)
        picture = venue.sensor.compress(picture)

        labels = [(s.in_play, ball) for s in spheres if (ball := self._label(s)) is not None]
        labelled = tuple(ball for _, ball in labels)
        in_play = bool(labels) and labels[0][0]
        # who only grazes the picture's edge has no box in it
        persons = tuple(p for b in bodies if min((p := self._person(b)).box[2:]) > 0)
        tags = self._tags(labelled[0] if in_play else None, joints, t)
        width, height = self._size
        if not in_play and labelled:
            labelled = (Ball(0.0, 0.0, 0.0, 0.0, Visibility.ABSENT), *labelled)
        return picture, Frame(index, image, width, height, labelled, persons, tags)

    def _ball_at(self, t: float) -> Floats | None:
        return None if self._play.ball is None else self._play.ball.at(t)

    def _in_sight(self, joints: Floats, camera: Camera) -> Ints:
        """Indices of people who may show in the picture."""
        middle, depth = camera.project(joints[:, 11])
        margin = 2.2 * camera.focal_px / np.maximum(depth, 3.0)
        inside = (middle > -margin[:, None]).all(axis=1) & (
            middle < np.array(self._size) + margin[:, None]
        ).all(axis=1)
        return np.flatnonzero(inside & (depth > 4))

    def _bodies(self, joints: Floats, near: Ints, cameras: list[Camera], t: float) -> list[_Body]:
        """People in sight, the farthest first."""
        if len(near) == 0:
            return []
        camera = cameras[_SUBFRAMES // 2]
        ground = joints[near, 11, :2]
        levels = self._venue.light.level(ground)
        shutter = self._venue.sensor.shutter_s
        drift = np.zeros((len(near), 3))
        drift[:, :2] = self._play.cast.velocity(t)[near] * shutter / 2
        hips = joints[near, 11]
        smear = cameras[-1].project(hips + drift)[0] - cameras[0].project(hips - drift)[0]
        limbs = Limbs.of(joints[near], camera)
        hidden = self_hidden(limbs, joints[near], camera)
        pixels, depth = camera.project(joints[near][:, :COCO_JOINTS])
        out: list[_Body] = []
        paints = [self._paints[actor] for actor in near.tolist()]
        cuts = figures(limbs, paints, self._size, light=levels, side=self._side, smear_px=smear)
        for k, (actor, cut) in enumerate(zip(near.tolist(), cuts, strict=True)):
            if cut is not None:
                whole = cut
                if self._close and float(np.abs(smear[k]).max()) < _SHARP_PX:
                    whole = self._finished(cut, joints[actor], hidden[k], actor, camera, float(levels[k]))
                out.append(_Body(actor, whole, float(depth[k, 11:13].mean()), pixels[k], ~hidden[k]))
        return sorted(out, key=lambda b: -b.depth)

    def _finished(
        self, cut: Cutout, joints: Floats, hidden: Bools, actor: int, camera: Camera, light: float
    ) -> Cutout:
        if camera.pixels_per_metre(joints[11]) < NEAR_PX_PER_M:
            return cut
        who = self._play.cast.actors[actor]
        number = 1 if who.role == "goalkeeper" else who.track % 20 + 1 if who.role == "player" else 0
        return finish(cut, joints, hidden, who.outfit, camera, light=light, number=number)

    def _spheres(self, cameras: list[Camera], t: float) -> list[_Sphere]:
        """The match ball and then a spare one, where they can show."""
        shutter = self._venue.sensor.shutter_s
        times = t + np.linspace(-0.5, 0.5, _SUBFRAMES) * shutter
        tracks: list[tuple[bool, Floats]] = []
        if self._play.ball is not None:
            tracks.append((True, np.array([self._play.ball.at(float(s)) for s in times])))
        if self._play.spare is not None:
            tracks.append((False, np.repeat(self._play.spare[None], _SUBFRAMES, axis=0)))
        out: list[_Sphere] = []
        camera = cameras[_SUBFRAMES // 2]
        for in_play, track in tracks:
            centres = np.array([c.project(p)[0] for c, p in zip(cameras, track, strict=True)])
            middle = track[_SUBFRAMES // 2]
            radius = RADIUS_M * camera.pixels_per_metre(middle)
            ground = middle[:2]
            light = float(self._venue.light.level(ground))
            spin = cv2.Rodrigues(self._axis * float(middle[:2].sum()) * 4.0)[0]
            if (np.abs(centres) < 4 * max(self._size)).all():
                cut = ball_cutout(
                    self._venue.ball,
                    centres,
                    radius,
                    turn=np.asarray(spin @ self._turn),
                    light=light,
                    side=self._side,
                    bounce=self._venue.turf.green,
                )
                out.append(
                    _Sphere(
                        cut,
                        float(camera.to_camera(middle)[2]),
                        centres,
                        radius,
                        in_play,
                        np.ones_like(cut.alpha),
                    )
                )
        return out

    def _draw(
        self, picture: Image, bodies: list[_Body], spheres: list[_Sphere], before: Image | None
    ) -> None:
        """Paint far to near; note what is covered on the way."""
        width, height = self._size
        queue: list[_Body | _Sphere] = [*bodies, *spheres]
        drawn: list[_Body] = []
        seen: list[_Sphere] = []
        for item in sorted(queue, key=lambda thing: -thing.depth):
            item.cutout.lay(picture)
            for other in drawn:
                if item.cutout.touches(other.cutout):
                    other.seen &= item.cutout.at(other.keypoints[:, 0], other.keypoints[:, 1]) < 0.5
            for sphere in seen:
                item.cutout.cover(sphere.cutout, sphere.left_over)
            if isinstance(item, _Body):
                drawn.append(item)
            else:
                seen.append(item)
        hiding = self._venue.overlay.alpha
        if before is not None:
            veil = before[..., 3].astype(np.float32) / 255
            covered = veil > 0
            share = veil[covered][:, None]
            picture[covered] = (picture[covered] * (1 - share) + before[covered, :3] * share).astype(np.uint8)
            hiding = np.maximum(hiding, veil)
        for sphere in seen:
            sphere.left_over *= 1 - sphere.cutout.within(hiding, outside=1.0)
        for body in drawn:
            x, y = body.keypoints[:, 0].astype(int), body.keypoints[:, 1].astype(int)
            inside = (body.keypoints >= 0).all(axis=1) & (x < width) & (y < height)
            body.seen &= inside
            body.seen[inside] &= hiding[y[inside], x[inside]] < 0.5

    def _label(self, sphere: _Sphere) -> Ball | None:
        """The ball's box: the whole streak, cut at the picture's edge; None when it is not in the picture."""
        width, height = self._size
        r = sphere.radius_px
        low = np.maximum(sphere.centres.min(axis=0) - r, 0)
        high = np.minimum(sphere.centres.max(axis=0) + r, [width, height])
        if (high - low < 0.25 * r).any():
            return None
        alpha = sphere.cutout.alpha
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

    def _person(self, body: _Body) -> Person:
        width, height = self._size
        left, top, wide, tall = cv2.boundingRect((body.cutout.alpha > 0.3).astype(np.uint8))
        left, top = left + body.cutout.left, top + body.cutout.top
        x0, x1, y0, y1 = max(0, left), min(width, left + wide), max(0, top), min(height, top + tall)
        points: list[Keypoint] = []
        for (x, y), seen in zip(body.keypoints, body.seen, strict=True):
            inside = 0 <= x < width and 0 <= y < height
            points.append(
                (round(float(x), 2), round(float(y), 2), 2 if seen else 1) if inside else (0.0, 0.0, 0)
            )
        actor = self._play.cast.actors[body.actor]
        box = (float(x0), float(y0), float(x1 - x0), float(y1 - y0))
        return Person(actor.track, actor.role, box, actor.team, tuple(points))

    def _tags(self, ball: Ball | None, joints: Floats, t: float) -> tuple[str, ...]:
        if ball is None:
            return ("no_ball",)
        place = self._ball_at(t)
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


def _pan_blur(picture: Image, first: Camera, last: Camera) -> Image:
    """Smear the still world by the camera's movement during the exposure."""
    middle = np.array([first.size[0] / 2, first.size[1] / 2, 1.0])
    moved = last.same_spot(first) @ middle
    way = moved[:2] / moved[2] - middle[:2]
    length = float(np.linalg.norm(way))
    if length < 0.9:
        return picture
    reach = min(int(np.ceil(length / 2)), 12)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    tip = way / 2 * min(1.0, 24 / length)
    start, stop = (np.round((reach + sign * tip) * 16).astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, start, stop, 255, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(picture, -1, kernel.astype(np.float32) / float(kernel.sum())))
