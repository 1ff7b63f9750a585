"""One clip of a league: its frames and its record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from raasid.data.records import Clip, Event, Frame, Provenance
from raasid.data.synthetic.arrays import Image
from raasid.data.synthetic.camera_work import CameraWork, Operator
from raasid.data.synthetic.close_up import CloseUp
from raasid.data.synthetic.label_noise import LabelNoise
from raasid.data.synthetic.league import League
from raasid.data.synthetic.motion import Play, stage
from raasid.data.synthetic.occluder import occluded
from raasid.data.synthetic.plate import paint_plates
from raasid.data.synthetic.scenarios import Scene, direct
from raasid.data.synthetic.shifts import shift_named
from raasid.data.synthetic.shot import Shot
from raasid.data.synthetic.venue import Venue, build_venue


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
        replay_speed=league.slow_motion,
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
        frame_rate_hz=league.frame_rate_hz * league.slow_motion,
        contact=None if scene is None else scene.contact,
        facts={} if scene is None else dict(scene.facts.record()),
        tags=tags,
        events=() if scene is None else (Event(scene.moment, "touch" if scene.contact else "near_miss"),),
    )
