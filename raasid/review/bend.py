"""Whether the ball's path bends at a moment: what touches nobody flies on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.data.tracks.clip_tracks import ClipTracks

_SPAN_S = 0.2
"""Of play on each side; longer, and gravity and the camera bend the path, too."""
_SLACK_S = 0.08
"""By so much a touch may be placed too early or too late."""
_LEAST_POINTS = 3
_FREE = 0.42
"""Gravity and a moving camera bend a free flight by up to so much: of the synthetic league's near misses
95 of 100 stay below it, with places off by 2 pixels, too, and of its touches by an arm 2 of 100."""


@dataclass(frozen=True, slots=True)
class Bend:
    """Change of the ball's velocity from before a frame to after it."""

    share: float
    """Of the larger of the two speeds: 0 flies on, 1 stops, 2 comes straight back."""
    noise: float
    """Standard error of that share, from how the seen places scatter about straight paths."""

    @property
    def clear(self) -> bool:
        """Whether it is more than scatter, gravity and a moving camera make of a free flight."""
        return self.share - self.noise > _FREE


def bend_at(tracks: ClipTracks, frame: int) -> Bend | None:
    """Find the clearest bend at a position of the clip, or next to it.

    None where the ball is not seen often enough on both sides.
    """
    slack = round(_SLACK_S * tracks.frame_rate_hz)
    found = [_bend(tracks, at) for at in range(frame - slack, frame + slack + 1)]
    return max((bend for bend in found if bend), key=lambda bend: bend.share - bend.noise, default=None)


def _bend(tracks: ClipTracks, frame: int) -> Bend | None:
    span = max(_LEAST_POINTS, round(_SPAN_S * tracks.frame_rate_hz))
    seen = np.flatnonzero(tracks.ball_seen)
    before = seen[(seen >= frame - span) & (seen <= frame)]
    after = seen[(seen >= frame) & (seen <= frame + span)]
    if len(before) < _LEAST_POINTS or len(after) < _LEAST_POINTS:
        return None
    v1, error1 = _velocity(before, tracks.ball[before, :2])
    v2, error2 = _velocity(after, tracks.ball[after, :2])
    speed = max(float(np.hypot(*v1)), float(np.hypot(*v2)), 1e-6)
    return Bend(float(np.hypot(*(v2 - v1))) / speed, float(np.hypot(error1, error2)) / speed)


def _velocity(at: NDArray[np.int64], xy: NDArray[np.float32]) -> tuple[NDArray[np.float64], float]:
    """Slope (2,) of a straight path, pixels a frame, and its standard error."""
    t = at - at.mean()
    square = float((t**2).sum())
    slope = (t[:, None] * (xy - xy.mean(axis=0))).sum(axis=0) / square
    rest = xy - xy.mean(axis=0) - t[:, None] * slope
    scatter = float(np.sqrt((rest**2).sum() / max(1, 2 * (len(at) - 2))))
    return np.asarray(slope, np.float64), scatter / square**0.5
