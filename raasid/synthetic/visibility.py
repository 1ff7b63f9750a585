"""What a camera sees of people and balls: their masks or sprites, and the keypoints that are visible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from raasid.synthetic.arrays import Bools, Floats, Ints
from raasid.synthetic.ball_physics import RADIUS_M
from raasid.synthetic.body_rendering import Limbs, self_occluded
from raasid.synthetic.camera import Camera, Cameras
from raasid.synthetic.camera_operator import CameraOperator
from raasid.synthetic.close_up_details import NEAR_PX_PER_M
from raasid.synthetic.match_setting import MatchSetting
from raasid.synthetic.play_simulation import Play
from raasid.synthetic.skeleton import COCO_JOINTS
from raasid.synthetic.sprites import Mask

SUBFRAMES = 3
"""Moments of the exposure at which cameras and ball are evaluated."""
_SHARP_PX = 2.5
"""People who move further than this during the exposure are drawn without details."""

M = TypeVar("M", bound=Mask)


@dataclass(slots=True, eq=False)
class VisibleBody(Generic[M]):
    """A person in the image."""

    actor: int
    sprite: M
    depth: float
    keypoints: Floats
    """(17, 2) pixels."""
    visible: Bools
    """(17,) whether each keypoint is visible; labelling clears those that others occlude."""


@dataclass(slots=True, eq=False)
class BallProjection(Generic[M]):
    """A ball in the image."""

    sprite: M
    depth: float
    centres: Floats
    """(n, 2) pixels during the exposure."""
    radius_px: float
    in_play: bool
    visible: Floats
    """Share of each pixel that nearer objects leave visible, in the shape of the sprite's alpha."""


class Rasterizer(Protocol[M]):
    """Turns projected bodies and balls into masks, with or without colours."""

    def people(self, actors: Ints, joints: Floats, limbs: Limbs, smear_px: Floats) -> Sequence[M | None]:
        """Rasterize bodies (N, 25, 3) of actors (N,), blurred by (N, 2) pixels; None for invisible ones."""

    def add_details(
        self, masks: list[M], actors: list[int], joints: Floats, hidden: Bools, cameras: list[Camera]
    ) -> list[M]:
        """Add close-up details to bodies (N, 25, 3); hidden: (N, 17) keypoints that the body occludes."""

    def ball(self, centres: Floats, radius_px: float, position: Floats) -> M:
        """Rasterize the ball at `position` (3,) metres, along centres (n, 2) pixels of the exposure."""


@dataclass(slots=True, eq=False)
class FrameView(Generic[M]):
    """People and balls in one frame."""

    t: float
    cameras: list[Camera]
    """At the `SUBFRAMES` moments of the exposure."""
    joints: Floats
    """(N, 25, 3) metres, of the whole cast."""
    nearby: Ints
    """Indices of the actors who may be in the image."""
    bodies: list[VisibleBody[M]]
    """The farthest first."""
    balls: list[BallProjection[M]]
    """The match ball, then a spare one."""

    @property
    def camera(self) -> Camera:
        """The camera in the middle of the exposure."""
        return self.cameras[SUBFRAMES // 2]

    def by_depth(self) -> list[VisibleBody[M] | BallProjection[M]]:
        """Return bodies and balls, the farthest first."""
        return sorted([*self.bodies, *self.balls], key=lambda item: -item.depth)


class VisibilityRenderer(Generic[M]):
    """Projects and rasterizes the play of one clip.

    size: width, height of the image. close: whether people have details, which only close-ups show.
    """

    def __init__(
        self,
        setting: MatchSetting,
        play: Play,
        operator: CameraOperator,
        size: tuple[int, int],
        rasterizer: Rasterizer[M],
        *,
        close: bool,
    ) -> None:
        self._setting, self._play, self._operator, self._size = setting, play, operator, size
        self._rasterizer, self._close = rasterizer, close

    def frame(self, t: float) -> FrameView[M]:
        """Return what the exposure centred on time t, seconds, shows."""
        (view,) = self.frames(np.array([t]))
        return view

    def frames(self, times: Floats) -> list[FrameView[M]]:
        """Return what the exposures centred on times (T,) show; much faster than one at a time."""
        shutter = self._setting.sensor.shutter_s
        exposures = times[:, None] + np.linspace(-0.5, 0.5, SUBFRAMES) * shutter
        cameras = self._operator.at_times(exposures.ravel())
        views, middle = Cameras(cameras), np.arange(len(times)) * SUBFRAMES + SUBFRAMES // 2
        joints = self._play.cast.joints_at(times)
        nearby = self._nearby(joints, views.select(middle))
        bodies = self._render_bodies(joints, nearby, views, cameras, times)
        balls = self._render_balls(views, exposures)
        out: list[FrameView[M]] = []
        for k, t in enumerate(times.tolist()):
            own = cameras[k * SUBFRAMES : (k + 1) * SUBFRAMES]
            out.append(FrameView(t, own, joints[k], np.flatnonzero(nearby[k]), bodies[k], balls[k]))
        return out

    def _nearby(self, joints: Floats, views: Cameras) -> Bools:
        """Return (T, N) whether an actor may be in the image."""
        hips, depth = views.project(joints[:, :, 11])
        margin = (2.2 * views.focal_px / np.maximum(depth, 3.0))[..., None]
        inside = (hips > -margin).all(axis=2) & (hips < np.array(self._size) + margin).all(axis=2)
        return np.asarray(inside & (depth > 4))

    def _render_bodies(
        self, joints: Floats, nearby: Bools, views: Cameras, cameras: list[Camera], times: Floats
    ) -> list[list[VisibleBody[M]]]:
        """Return the people of each frame, the farthest first. nearby: (T, N)."""
        out: list[list[VisibleBody[M]]] = [[] for _ in times]
        frames, actors = np.nonzero(nearby)
        if len(actors) == 0:
            return out
        first, middle = views.select(frames * SUBFRAMES), views.select(frames * SUBFRAMES + SUBFRAMES // 2)
        last = views.select(frames * SUBFRAMES + SUBFRAMES - 1)
        rows = joints[frames, actors]
        drift = np.zeros((len(rows), 1, 3))
        velocity = np.stack([self._play.cast.velocity(t) for t in times.tolist()])[frames, actors]
        drift[:, 0, :2] = velocity * self._setting.sensor.shutter_s / 2
        hips = rows[:, 11:12]
        smear_px = (last.project(hips + drift)[0] - first.project(hips - drift)[0])[:, 0]
        limbs = Limbs.of(rows, middle)
        hidden = self_occluded(limbs, rows, middle)
        pixels, depth = middle.project(rows[:, :COCO_JOINTS])
        large = middle.pixels_per_metre(depth[:, 11:12])[:, 0] >= NEAR_PX_PER_M
        detailed = large & (np.abs(smear_px).max(axis=1) < _SHARP_PX) if self._close else np.zeros_like(large)
        body_depth = depth[:, 11:13].mean(axis=1).tolist()
        masks = dict(enumerate(self._rasterizer.people(actors, rows, limbs, smear_px)))
        close = [k for k in np.flatnonzero(detailed).tolist() if masks[k] is not None]
        plain = [mask for k in close if (mask := masks[k]) is not None]
        close_cameras = [cameras[f * SUBFRAMES + SUBFRAMES // 2] for f in frames[close]]
        details = self._rasterizer.add_details(
            plain, actors[close].tolist(), rows[close], hidden[close], close_cameras
        )
        masks |= dict(zip(close, details, strict=True))
        for k, (frame, actor) in enumerate(zip(frames.tolist(), actors.tolist(), strict=True)):
            if (mask := masks[k]) is not None:
                out[frame].append(VisibleBody(actor, mask, body_depth[k], pixels[k], ~hidden[k]))
        return [sorted(bodies, key=lambda body: -body.depth) for bodies in out]

    def _render_balls(self, views: Cameras, exposures: Floats) -> list[list[BallProjection[M]]]:
        """Return the balls of each frame: the match ball, then a spare one.

        exposures: (T, n) seconds; views: as many cameras.
        """
        shape = (*exposures.shape, 3)
        paths: list[tuple[bool, Floats]] = []
        if self._play.ball is not None:
            paths.append((True, self._play.ball.along(exposures.ravel()).reshape(shape)))
        if self._play.spare_ball is not None:
            paths.append((False, np.broadcast_to(self._play.spare_ball, shape)))
        out: list[list[BallProjection[M]]] = [[] for _ in exposures]
        half = exposures.shape[1] // 2
        for in_play, path in paths:
            pixels, depth = views.project(path.reshape(-1, 1, 3))
            radius = RADIUS_M * views.pixels_per_metre(depth).reshape(exposures.shape)[:, half]
            centres, depth = pixels.reshape(*exposures.shape, 2), depth.reshape(exposures.shape)[:, half]
            close_by = (np.abs(centres) < 4 * max(self._size)).all(axis=(1, 2))
            for k in np.flatnonzero(close_by).tolist():
                mask = self._rasterizer.ball(centres[k], float(radius[k]), path[k, half])
                out[k].append(
                    BallProjection(
                        mask,
                        float(depth[k]),
                        centres[k],
                        float(radius[k]),
                        in_play,
                        np.ones_like(mask.alpha),
                    )
                )
        return out
