"""The synthetic league: matches of rendered football with exact labels.

It is for pre-training, for tests and for what-if questions; it is never called accuracy on real football.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import cv2
import numpy as np

from raasid.data.records import Clip, Event, Frame, Provenance
from raasid.data.synthetic.arrays import Image
from raasid.data.synthetic.camera_work import CameraWork, Operator
from raasid.data.synthetic.close_up import CloseUp
from raasid.data.synthetic.label_noise import LabelNoise
from raasid.data.synthetic.motion import Play, stage
from raasid.data.synthetic.occluder import occluded
from raasid.data.synthetic.plate import paint_plates
from raasid.data.synthetic.scenarios import Scene, direct
from raasid.data.synthetic.scenarios.registry import UNSEEN, weights
from raasid.data.synthetic.shifts import shift_named
from raasid.data.synthetic.shot import Shot
from raasid.data.synthetic.venue import Venue, build_venue

RENDERER_VERSION = 16
"""Raised whenever the same league would give other pictures or labels."""


@dataclass(frozen=True, slots=True)
class League:
    """What is to be rendered. Equal leagues give equal bytes."""

    matches: int = 24
    clips_per_match: int = 8
    frames_per_clip: int = 6
    size: tuple[int, int] = (640, 360)
    """Width and height, pixels."""
    frame_rate_hz: float = 25.0
    stride: int = 1
    """Step between stored frames, in frames of the clip's time base."""
    ball_px: float = 14.0
    """Median diameter of the ball, pixels at a picture width of 640: how tight the shots are."""
    seed: int = 0
    jpeg_quality: int = 92

    scenario_share: float = 0.0
    """Share of clips that are scripted: one touch each, seen from near, with facts."""
    scenarios: tuple[str, ...] = ()
    """Which ones; empty: all that training may see."""
    handball_prior: float | None = None
    """Share of the scripted clips that show an offence; None: every scenario as often as the next."""
    unseen_share: float = 0.0
    """Share of the scripted clips that show what no training league contains."""
    scenario_frames: int = 20
    """Frames of a scripted clip; their step is 1."""
    scenario_ball_px: float = 20.0
    """As `ball_px`, for scripted clips."""
    occlusion: float = 0.0
    """Share of clips in which somebody is put between the camera and the ball."""
    camera_height_m: tuple[float, float] | None = None
    """Lowest and highest main camera; None: 10 to 35 m."""
    replay_speed: float = 1.0
    """Below 1 time passes more slowly than the frame rate says."""
    missing_balls: float = 0.0
    """Share of ball labels that are left out; labels alone are noisy, pictures stay as they are."""
    box_jitter: float = 0.0
    """Standard deviation by which boxes are misplaced, as a share of their size."""
    swapped_wrists: float = 0.0
    """Share of persons whose wrists are labelled the wrong way round."""
    shift: str | None = None
    """A shift suite, by name; its labels stay exact."""
    shift_intensity: int = 0
    """0 (none) to 3."""

    def digest(self) -> str:
        """Name of the league's pictures and labels, 64 hex digits.

        Fields that came later are left out where they have their defaults: old leagues keep their names.
        """
        told = asdict(self)
        if self.shift_intensity == 0:
            told["shift"] = None
        for field in fields(self)[_FIRST_FIELDS:]:
            if told[field.name] == field.default:
                del told[field.name]
        text = json.dumps({**told, "renderer": RENDERER_VERSION}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def scenario(self, match: int, clip: int) -> str | None:
        """Which scenario a clip shows; None for open play. ScenarioUnknown for a name that is not there."""
        rng = np.random.default_rng([self.seed, match, clip, 2])
        scripted, unseen, which = rng.random(3).tolist()
        if scripted >= self.scenario_share:
            return None
        if unseen < self.unseen_share:
            return UNSEEN[int(which * len(UNSEEN))]
        chances = weights(self.scenarios, self.handball_prior)
        return list(chances)[int(np.searchsorted(np.cumsum(list(chances.values())), which))]

    def frames_of(self, match: int, clip: int) -> int:
        """How many frames a clip has."""
        return self.frames_per_clip if self.scenario(match, clip) is None else self.scenario_frames


_FIRST_FIELDS = 9
"""The fields up to `jpeg_quality`."""


def render_clip(
    league: League, match: int, clip: int, *, moment_only: bool = False
) -> tuple[list[Image], Clip]:
    """Frames (height, width, 3), blue-green-red, and the record of one clip.

    The result depends on the arguments alone: clips may be rendered in any order and in any process.
    moment_only: of a scripted clip, no frame but that of the touch.
    Raises ScenarioUnknown, ShiftUnknown, and SceneUnplayable where a scenario cannot be staged.
    """
    cv2.setNumThreads(1)
    shift = shift_named(league.shift, league.shift_intensity)
    league = shift.league(league)
    venue = build_venue(league.seed, match, league.size, shift, league.camera_height_m)
    streams = [
        np.random.default_rng(s) for s in np.random.SeedSequence([league.seed, match, clip, 1]).spawn(4)
    ]
    name = league.scenario(match, clip)
    stride = league.stride if name is None else 1
    count = league.frames_per_clip if name is None else league.scenario_frames
    times = [i * stride * league.replay_speed / league.frame_rate_hz for i in range(count)]
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
    wanted = [scene.moment] if moment_only and scene is not None else list(range(count))
    plates = paint_plates(streams[2], [work.at(times[i]) for i in wanted], venue.turf, venue.stadium)
    shot = Shot(venue, play, work, league.size, streams[3], close=scene is not None)
    images: list[Image] = []
    frames: list[Frame] = []
    for plate in plates:
        for i in (wanted[k] for k in plate.span):
            name_on_disk = Path("images") / f"{match:03d}" / f"{clip:03d}_{i:03d}.jpg"
            image, frame = shot.frame(plate, times[i], i * stride, name_on_disk, streams[3])
            images.append(image)
            frames.append(frame)
    record = _record(league, match, clip, venue=venue, play=play, scene=scene, frames=frames)
    images, record = shift.deliver(images, record)
    if shift.intensity:
        record = replace(record, tags=(*record.tags, f"shift_{shift.name}_{shift.intensity}"))
    noise = LabelNoise(league.missing_balls, league.box_jitter, league.swapped_wrists)
    return images, noise.spoil(record, np.random.default_rng([league.seed, match, clip, 4]))


def _record(
    league: League,
    match: int,
    clip: int,
    *,
    venue: Venue,
    play: Play,
    scene: Scene | None,
    frames: list[Frame],
) -> Clip:
    provenance = Provenance(
        source="synthetic",
        license="AGPL-3.0-or-later",
        annotator="renderer",
        reviewed=True,
        match=f"synthetic-{league.seed}-{match}",
        camera="main" if scene is None else "close_up",
        replay_speed=league.replay_speed,
    )
    height = venue.mount.centre[2]
    tags = (
        venue.light.sky,
        play.kind,
        "high_camera" if height > 24 else "low_camera" if height < 15 else "mid_camera",
    )
    return Clip(
        id=f"{provenance.match}-{clip}",
        frames=tuple(frames),
        provenance=provenance,
        frame_rate_hz=league.frame_rate_hz,
        contact=None if scene is None else scene.contact,
        facts={} if scene is None else dict(scene.facts.record()),
        tags=tags,
        events=() if scene is None else (Event(scene.moment, "touch" if scene.contact else "near_miss"),),
    )
