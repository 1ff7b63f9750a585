"""The setup of one clip before rendering: setting, play, camera, an occluding player, and label noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from raasid.footage.records import Ball, Clip, Event, Frame, Person, Provenance
from raasid.synthetic.actors import SLOWDOWN_S, Cast
from raasid.synthetic.arrays import Floats, Image
from raasid.synthetic.camera_operator import CameraOperator, CloseUpCamera, MainCamera
from raasid.synthetic.league import League
from raasid.synthetic.match_setting import MatchSetting, build_match_setting
from raasid.synthetic.play_simulation import Play, simulate_play
from raasid.synthetic.scenarios.registry import scenario_of
from raasid.synthetic.scenarios.scene import Scene, build_scene
from raasid.synthetic.shifts.registry import build_shift
from raasid.synthetic.shifts.shift import Shift

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


@dataclass(frozen=True, slots=True, eq=False)
class ClipSetup:
    """Everything from which images and labels of a clip follow."""

    league: League
    """As changed by the shift."""
    shift: Shift
    match: int
    clip: int
    setting: MatchSetting
    play: Play
    scene: Scene | None
    """None in open play."""
    operator: CameraOperator
    times: list[float]
    """Seconds of play, by frame."""
    stride: int
    paint_rng: Generator
    camera_rng: Generator

    @classmethod
    def of(cls, league: League, match: int, clip: int, *, painted: bool = True) -> ClipSetup:
        """Set up a clip; the result depends on the arguments alone. painted: as for `build_match_setting`.

        Raises ScenarioInfeasible.
        """
        cv2.setNumThreads(1)
        shift = build_shift(league.shift, league.shift_intensity)
        league = shift.change_league(league)
        setting = build_match_setting(
            league.seed, match, league.size, shift, league.camera_height_m, painted=painted
        )
        streams = [
            np.random.default_rng(s) for s in np.random.SeedSequence([league.seed, match, clip, 1]).spawn(4)
        ]
        name = scenario_of(league, match, clip)
        stride = league.stride if name is None else 1
        count = league.frames_per_clip if name is None else league.scenario_frames
        times = [i * stride / (league.frame_rate_hz * league.slow_motion) for i in range(count)]
        scene: Scene | None = None
        play: Play
        operator: CameraOperator
        if name is None:
            play = simulate_play(streams[0], setting.kits, times[-1])
            operator = MainCamera(streams[1], setting.mount, play, league.size, league.ball_px)
        else:
            scene = build_scene(streams[0], name, setting.kits, setting.mount.centre, np.array(times))
            play = scene.play
            operator = CloseUpCamera(
                streams[1], setting.mount, scene, size=league.size, ball_px=league.scenario_ball_px
            )
        if league.occlusion > 0:
            rng = np.random.default_rng([league.seed, match, clip, 3])
            t = times[len(times) // 2] if scene is None else times[scene.moment]
            play = occlude_ball(rng, play, setting.mount.centre, t, league.occlusion)
        return cls(
            league, shift, match, clip, setting, play, scene, operator, times, stride, streams[2], streams[3]
        )

    def image_path(self, i: int) -> Path:
        """Return the path of frame `i`, relative to the league's folder."""
        return Path("images") / f"{self.match:03d}" / f"{self.clip:03d}_{i:03d}.jpg"

    def finish(self, images: list[Image], frames: list[Frame]) -> tuple[list[Image], Clip]:
        """Return the images, if any, and the record of the clip, after the shift and the label noise."""
        images, record = self.shift.change_clip(images, self._record(frames))
        if self.shift.intensity:
            tag = f"shift_{self.shift.name}_{self.shift.intensity}"
            record = replace(record, tags=(*record.tags, tag))
        league = self.league
        noise = LabelNoise(league.missing_balls, league.box_jitter, league.swapped_wrists)
        return images, noise.apply(record, np.random.default_rng([league.seed, self.match, self.clip, 4]))

    def _record(self, frames: list[Frame]) -> Clip:
        league, scene = self.league, self.scene
        provenance = Provenance(
            source="synthetic",
            license="AGPL-3.0-or-later",
            annotator="renderer",
            reviewed=True,
            match=f"synthetic-{league.seed}-{self.match}",
            camera="main" if scene is None else "close_up",
            replay_speed=league.slow_motion,
        )
        height = self.setting.mount.centre[2]
        tags = (
            self.setting.light.sky,
            self.play.kind,
            "high_camera" if height > 24 else "low_camera" if height < 15 else "mid_camera",
        )
        return Clip(
            id=f"{provenance.match}-{self.clip}",
            frames=tuple(frames),
            provenance=provenance,
            frame_rate_hz=league.frame_rate_hz * league.slow_motion,
            contact=None if scene is None else scene.contact,
            facts={} if scene is None else dict(scene.facts.record()),
            tags=tags,
            events=() if scene is None else (Event(scene.moment, "touch" if scene.contact else "near_miss"),),
        )


def occlude_ball(rng: Generator, play: Play, camera: Floats, t: float, probability: float) -> Play:
    """Return the play, with that probability with a player on the line of sight to the ball at time `t`.

    camera: (3,) metres. The nearest player, kickers and animated players stay where they are.
    """
    drawn, distance, offset = rng.random(3).tolist()
    if play.ball is None or drawn >= probability:
        return play
    ball = play.ball.at(t)
    positions = play.cast.ground(t)
    actors = list(play.cast.actors)
    nearest = int(np.linalg.norm(positions - ball[:2], axis=1).argmin())
    free = [
        i
        for i, a in enumerate(actors)
        if a.role == "player" and i != nearest and np.isnan(a.kicks_at) and i not in play.cast.animations
    ]
    if not free:
        return play
    i = min(free, key=lambda j: float(np.linalg.norm(positions[j] - ball[:2])))
    sight = (camera - ball) / np.linalg.norm(camera - ball)
    # near enough for the line of sight to pass below the top of the player's head
    slope = max(float(sight[2] / np.linalg.norm(sight[:2])), 1e-3)
    max_gap = max((1.6 - float(ball[2])) / slope, 0.9)
    gap = min(0.8 + 1.2 * distance, max_gap)
    direction = sight[:2] / np.linalg.norm(sight[:2])
    at = ball[:2] + direction * gap + np.array([-direction[1], direction[0]]) * (offset - 0.5) * 0.4
    velocity = np.array(actors[i].velocity) * 0.25
    start = at - velocity * SLOWDOWN_S * (1 - np.exp(-t / SLOWDOWN_S))
    actors[i] = replace(
        actors[i],
        ground=(float(start[0]), float(start[1])),
        velocity=(float(velocity[0]), float(velocity[1])),
    )
    return replace(play, cast=Cast(actors, play.cast.animations))
