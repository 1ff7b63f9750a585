"""The synthetic league: matches of rendered football with exact labels.

It is for pre-training, for tests and for what-if questions; it is never called accuracy on real football.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from raasid.data.records import Clip, Frame, Provenance
from raasid.data.synthetic.arrays import Image
from raasid.data.synthetic.camera_work import CameraWork
from raasid.data.synthetic.motion import stage
from raasid.data.synthetic.plate import paint_plates
from raasid.data.synthetic.shot import Shot
from raasid.data.synthetic.venue import build_venue

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

    def digest(self) -> str:
        """Name of the league's pictures, 64 hex digits."""
        text = json.dumps({**asdict(self), "renderer": RENDERER_VERSION}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def render_clip(league: League, match: int, clip: int) -> tuple[list[Image], Clip]:
    """Frames (height, width, 3), blue-green-red, and the record of one clip.

    The result depends on the arguments alone: clips may be rendered in any order and in any process.
    """
    cv2.setNumThreads(1)
    venue = build_venue(league.seed, match, league.size)
    streams = [
        np.random.default_rng(s) for s in np.random.SeedSequence([league.seed, match, clip, 1]).spawn(4)
    ]
    times = [i * league.stride / league.frame_rate_hz for i in range(league.frames_per_clip)]
    play = stage(streams[0], venue.squads, times[-1])
    work = CameraWork(streams[1], venue.mount, play, league.size, league.ball_px)
    plates = paint_plates(streams[2], [work.at(t) for t in times], venue.turf, venue.stadium)
    shot = Shot(venue, play, work, league.size, streams[3])
    images: list[Image] = []
    frames: list[Frame] = []
    for plate in plates:
        for i in plate.span:
            name = Path("images") / f"{match:03d}" / f"{clip:03d}_{i:03d}.jpg"
            image, frame = shot.frame(plate, times[i], i * league.stride, name, streams[3])
            images.append(image)
            frames.append(frame)
    provenance = Provenance(
        source="synthetic",
        license="AGPL-3.0-or-later",
        annotator="renderer",
        reviewed=True,
        match=f"synthetic-{league.seed}-{match}",
        camera="main",
    )
    height = venue.mount.centre[2]
    tags = (
        venue.light.sky,
        play.kind,
        "high_camera" if height > 24 else "low_camera" if height < 15 else "mid_camera",
    )
    record = Clip(
        id=f"{provenance.match}-{clip}",
        frames=tuple(frames),
        provenance=provenance,
        frame_rate_hz=league.frame_rate_hz,
        tags=tags,
    )
    return images, record
