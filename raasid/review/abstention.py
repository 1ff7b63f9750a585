"""What a review can go by, whatever its model says: too little to see, and it keeps its opinion to itself.

Whether the ball's path bends at a moment: what touches nobody flies on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.models.context.decode import LEAST_PX
from raasid.models.context.module import ClipJudgement
from raasid.perception.inference import LARGEST
from raasid.review.arm_distance import Reach
from raasid.review.video_source import Film
from raasid.tracks.track_arrays import ClipTracks

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


_NEARBY = 2
"""Frames round the touch in one of which the ball must be seen."""
_TOUCHING = 0.6
"""Arm lengths: farther from every arm, in the picture alone, a ball touches none."""
_SLOW_HZ = 18.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Below any of these there is no decision; `raasid.pipeline.review_config` says more."""

    least_frames: int = 5
    least_ball_seen: float = 0.3
    least_arm_px: float = 8.0
    least_confidence: float = 0.6


def nothing_to_judge(reach: Reach) -> str:
    """Say why no moment of a clip could be given to the model."""
    if not reach.known.any():
        return "no ball was seen"
    if not reach.people.any():
        return "no players were found"
    return "no arm was seen in any frame that shows the ball"


def of_clip(reach: Reach, limits: Limits) -> Iterator[str]:
    """Yield what is wrong with the clip as a whole."""
    frames = len(reach.seen)
    if frames < limits.least_frames:
        yield f"{frames} {'frame shows' if frames == 1 else 'frames show'} no motion to judge by"
    share = float(reach.seen.mean())
    if reach.known.any() and share < limits.least_ball_seen:
        yield f"the ball was seen in only {share:.0%} of the frames"


def sureness(judgement: ClipJudgement) -> float:
    """Return the probability of the decision; 0 where there is none."""
    decision = judgement.ruling.decision
    return {"offence": judgement.offence, "no_offence": 1 - judgement.offence}.get(decision or "", 0.0)


def of_window(
    part: Reach, judgement: ClipJudgement, at: int, bend: Bend | None, limits: Limits
) -> Iterator[str]:
    """Yield what makes any answer on one window worthless; `at`: position of the touch in it."""
    share = float(part.seen.mean())
    if share < limits.least_ball_seen:
        yield f"the ball was seen in only {share:.0%} of the frames that decide"
    if not part.seen[max(0, at - _NEARBY) : at + _NEARBY + 1].any():
        yield "the ball is not seen when it is nearest to the arm; its place there is inferred"
    size = float(np.nanmedian(part.ball)) if np.isfinite(part.ball).any() else 0.0
    if size > LARGEST:
        yield f"what was taken for the ball is too large for one: {size:.2f} of a player's height"
    arm = float(part.arm_px[at])
    if np.isfinite(arm) and arm < limits.least_arm_px:
        yield f"the player is too small: the arm is {arm:.0f} pixels long, {limits.least_arm_px:g} are needed"
    elif np.nanmedian(part.tall_px) < LEAST_PX:  # he may be two, one behind the other
        tall = np.nanmedian(part.tall_px)
        yield f"the players are too small: they are {tall:.0f} pixels tall, {LEAST_PX:g} are needed"
    if part.joints[at] < 2:
        yield "the arm is not seen: fewer than two of shoulder, elbow and wrist were found"
    if judgement.ruling.decision == "offence":
        yield from _of_offence(part, at, bend)


def undecided(judgement: ClipJudgement, limits: Limits) -> Iterator[str]:
    """Yield what keeps an answer back that was looked for in the right place."""
    if judgement.ruling.decision is not None and sureness(judgement) < limits.least_confidence:
        yield f"both answers are likely: the probability of an offence is {judgement.offence:.2f}"


def _of_offence(part: Reach, at: int, bend: Bend | None) -> Iterator[str]:
    near = part.gap[max(0, at - _NEARBY) : at + _NEARBY + 1]
    if np.isfinite(near).any() and float(np.nanmin(near)) > _TOUCHING:
        yield f"the ball stays {float(np.nanmin(near)):.1f} arm lengths away from the arm"
    if bend is None:
        yield "the ball is not seen before and after the touch, so that nothing shows that there was one"
    elif not bend.clear:
        yield "the ball flies on as before: nothing shows that the arm touched it"


def to_keep_in_mind(film: Film, windows: int, passed_over: int) -> Iterator[str]:
    """Yield what limits any decision on this footage, without forbidding one."""
    if film.torn:
        yield (
            f"the file is damaged: {film.frames} of {film.frames_stated} frames can be decoded; "
            "what the others show is not known"
        )
    if film.frame_rate_hz < _SLOW_HZ:
        yield f"at {film.frame_rate_hz:g} frames a second a touch can fall between two frames"
    if windows > 1:
        yield f"the most suspicious of {windows} moments decides: long clips raise more false alarms"
    if passed_over:
        yield f"{passed_over} more approaches of the ball to an arm were not judged; raise review.windows"
