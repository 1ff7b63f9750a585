"""The synthetic league: matches of rendered football with exact labels.

It is for pre-training, for tests and for what-if questions; it is never called accuracy on real football.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields

import numpy as np

from raasid.synthetic.scenarios.registry import UNSEEN, weights

RENDERER_VERSION = 18
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
    slow_motion: float = 1.0
    """How many times slower than life the clip runs, as `Provenance.replay_speed`."""
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
