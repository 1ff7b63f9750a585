"""The setup of one clip before rendering: setting, play, camera, and an occluding player."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from raasid.footage.records import Clip, Event, Frame, Provenance
from raasid.synthetic.actors import SLOWDOWN_S, Cast
from raasid.synthetic.arrays import Floats, Image
from raasid.synthetic.camera_operator import CameraOperator, CloseUpCamera, MainCamera
from raasid.synthetic.label_noise import LabelNoise
from raasid.synthetic.league import League
from raasid.synthetic.match_setting import MatchSetting, build_match_setting
from raasid.synthetic.play_simulation import Play, simulate_play
from raasid.synthetic.scenarios.registry import scenario_of
from raasid.synthetic.scenarios.scene import Scene, build_scene
from raasid.synthetic.shifts.registry import build_shift
from raasid.synthetic.shifts.shift import Shift


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
