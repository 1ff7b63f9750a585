"""One clip of a league before anybody paints it: the venue, what happens, and who films it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from raasid.data.records import Clip, Event, Frame, Provenance
from raasid.data.synthetic.arrays import Image
from raasid.data.synthetic.camera_work import CameraWork, Operator
from raasid.data.synthetic.close_up import CloseUp
from raasid.data.synthetic.label_noise import LabelNoise
from raasid.data.synthetic.league import League
from raasid.data.synthetic.motion import Play, stage
from raasid.data.synthetic.occluder import occluded
from raasid.data.synthetic.scenarios import Scene, direct
from raasid.data.synthetic.shifts import Shift, shift_named
from raasid.data.synthetic.venue import Venue, build_venue


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """All that pictures and labels of a clip follow from."""

    league: League
    """As the shift leaves it."""
    shift: Shift
    match: int
    clip: int
    venue: Venue
    play: Play
    scene: Scene | None
    """None in open play."""
    work: Operator
    times: list[float]
    """Seconds of play, by frame."""
    stride: int
    paint: Generator
    lens: Generator

    @classmethod
    def of(cls, league: League, match: int, clip: int, *, painted: bool = True) -> Staged:
        """Stage a clip; the result depends on the arguments alone. painted: as for `build_venue`.

        Raises ScenarioUnknown, ShiftUnknown, and SceneUnplayable where a scenario cannot be staged.
        """
        cv2.setNumThreads(1)
        shift = shift_named(league.shift, league.shift_intensity)
        league = shift.league(league)
        venue = build_venue(league.seed, match, league.size, shift, league.camera_height_m, painted=painted)
        streams = [
            np.random.default_rng(s) for s in np.random.SeedSequence([league.seed, match, clip, 1]).spawn(4)
        ]
        name = league.scenario(match, clip)
        stride = league.stride if name is None else 1
        count = league.frames_per_clip if name is None else league.scenario_frames
        times = [i * stride / (league.frame_rate_hz * league.slow_motion) for i in range(count)]
        scene: Scene | None = None
        play: Play
        work: Operator
        if name is None:
            play = stage(streams[0], venue.squads, times[-1])
            work = CameraWork(streams[1], venue.mount, play, league.size, league.ball_px)
        else:
            scene = direct(streams[0], name, venue.squads, venue.mount.centre, np.array(times))
            play = scene.play
            work = CloseUp(streams[1], venue.mount, scene, size=league.size, ball_px=league.scenario_ball_px)
        if league.occlusion > 0:
            extra = np.random.default_rng([league.seed, match, clip, 3])
            focus = times[len(times) // 2] if scene is None else times[scene.moment]
            play = occluded(extra, play, venue.mount.centre, focus, league.occlusion)
        return cls(
            league, shift, match, clip, venue, play, scene, work, times, stride, streams[2], streams[3]
        )

    def picture(self, i: int) -> Path:
        """Where frame `i` is stored, relative to the league's folder."""
        return Path("images") / f"{self.match:03d}" / f"{self.clip:03d}_{i:03d}.jpg"

    def delivered(self, images: list[Image], frames: list[Frame]) -> tuple[list[Image], Clip]:
        """Pictures, or none of them, and the record with the mistakes that the league asks for."""
        images, record = self.shift.deliver(images, self._record(frames))
        if self.shift.intensity:
            tag = f"shift_{self.shift.name}_{self.shift.intensity}"
            record = replace(record, tags=(*record.tags, tag))
        asked = self.league
        noise = LabelNoise(asked.missing_balls, asked.box_jitter, asked.swapped_wrists)
        return images, noise.spoil(record, np.random.default_rng([asked.seed, self.match, self.clip, 4]))

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
        height = self.venue.mount.centre[2]
        tags = (
            self.venue.light.sky,
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
