"""Evidence checks that make a review abstain, regardless of the model's confidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.models.context.decode import MIN_PLAYER_HEIGHT_PX
from raasid.models.context.module import ContextPrediction
from raasid.perception.inference import MAX_BALL_SIZE
from raasid.review.arm_distance import ArmDistance
from raasid.review.options import ReviewOptions
from raasid.review.video_source import VideoSource
from raasid.tracks.track_arrays import ClipTracks

_NEIGHBOURS = 2
"""The ball must be seen within so many frames of the touch."""
_TOUCH_ARMS = 0.6
"""Arm lengths: a ball that stays farther from every arm in the image touches none."""
_MIN_JOINTS = 2
_LOW_FRAME_RATE_HZ = 18.0

_SPAN_S = 0.2
"""Seconds of flight fitted on each side; over a longer span gravity and the camera bend the path, too."""
_SLACK_S = 0.08
"""The model may name the touch so much too early or too late."""
_MIN_POINTS = 3
_FREE_FLIGHT = 0.42
"""Deflection that gravity and a moving camera alone can cause: 95 % of the synthetic league's near misses
stay below it, with positions off by 2 pixels, too, and only 2 % of its touches by an arm do."""


def no_window_reason(arm_distance: ArmDistance) -> str:
    """Say why no moment of a clip could be given to the model."""
    if not arm_distance.ball_known.any():
        return "no ball was seen"
    if not arm_distance.people.any():
        return "no players were found"
    return "no arm was seen in any frame that shows the ball"


def clip_abstention_reasons(arm_distance: ArmDistance, options: ReviewOptions) -> Iterator[str]:
    """Yield what rules out a decision on any moment of the clip."""
    frames = len(arm_distance.ball_seen)
    if frames < options.min_frames:
        yield f"{frames} {'frame shows' if frames == 1 else 'frames show'} no motion to judge by"
    seen = float(arm_distance.ball_seen.mean())
    if arm_distance.ball_known.any() and seen < options.min_ball_seen:
        yield f"the ball was seen in only {seen:.0%} of the frames"


def window_abstention_reasons(
    window: ArmDistance,
    prediction: ContextPrediction,
    touch: int,
    deflection: Deflection | None,
    options: ReviewOptions,
) -> Iterator[str]:
    """Yield what rules out a decision on one window.

    touch: index of the touch in the window. deflection: of the ball there, as `measure_deflection` has it.
    """
    nearby = slice(max(0, touch - _NEIGHBOURS), touch + _NEIGHBOURS + 1)
    seen = float(window.ball_seen.mean())
    if seen < options.min_ball_seen:
        yield f"the ball was seen in only {seen:.0%} of the frames that decide"
    if not window.ball_seen[nearby].any():
        yield "the ball is not seen when it is nearest to the arm; its position there is inferred"
    size = float(np.nanmedian(window.ball_size)) if np.isfinite(window.ball_size).any() else 0.0
    if size > MAX_BALL_SIZE:
        yield f"what was taken for the ball is too large for one: {size:.2f} of a player's height"
    arm = float(window.arm_px[touch])
    if np.isfinite(arm) and arm < options.min_arm_px:
        yield f"the player is too small: the arm is {arm:.0f} pixels long, {options.min_arm_px:g} are needed"
    # the median player, because one box may hold two players, one behind the other
    elif np.nanmedian(window.height_px) < MIN_PLAYER_HEIGHT_PX:
        height = np.nanmedian(window.height_px)
        needed = f"{MIN_PLAYER_HEIGHT_PX:g} are needed"
        yield f"the players are too small: they are {height:.0f} pixels tall, {needed}"
    if window.joints[touch] < _MIN_JOINTS:
        yield "the arm is not seen: fewer than two of shoulder, elbow and wrist were found"
    if prediction.ruling.decision == "offence":
        yield from _no_touch_reasons(window.gap[nearby], deflection)


def _no_touch_reasons(gaps: NDArray[np.float32], deflection: Deflection | None) -> Iterator[str]:
    """Yield what speaks against a touch; gaps: of the frames around it, in arm lengths."""
    if np.isfinite(gaps).any() and float(np.nanmin(gaps)) > _TOUCH_ARMS:
        yield f"the ball stays {float(np.nanmin(gaps)):.1f} arm lengths away from the arm"
    if deflection is None:
        yield "the ball is not seen before and after the touch, so that nothing shows that there was one"
    elif not deflection.is_clear:
        yield "the ball flies on as before: nothing shows that the arm touched it"


def low_confidence_reasons(prediction: ContextPrediction, options: ReviewOptions) -> Iterator[str]:
    """Yield a reason if the probability of the decision is below the minimum."""
    if prediction.ruling.decision is not None and decision_probability(prediction) < options.min_confidence:
        yield f"both answers are likely: the probability of an offence is {prediction.offence:.2f}"


def decision_probability(prediction: ContextPrediction) -> float:
    """Return the probability of the decision; 0 without one."""
    decision = prediction.ruling.decision
    return {"offence": prediction.offence, "no_offence": 1 - prediction.offence}.get(decision or "", 0.0)


def caveats(video: VideoSource, windows: int, passed_over: int) -> Iterator[str]:
    """Yield what limits any decision on this footage without ruling it out."""
    if video.truncated:
        yield (
            f"the file is damaged: {video.frames} of {video.frames_stated} frames can be decoded; "
            "what the others show is not known"
        )
    if video.frame_rate_hz < _LOW_FRAME_RATE_HZ:
        yield f"at {video.frame_rate_hz:g} frames a second a touch can fall between two frames"
    if windows > 1:
        yield f"the most suspicious of {windows} moments decides: long clips raise more false alarms"
    if passed_over:
        yield f"{passed_over} more approaches of the ball to an arm were not judged; raise review.max_windows"


@dataclass(frozen=True, slots=True)
class Deflection:
    """Change of the ball's velocity at a frame."""

    share: float
    """Of the larger of the two speeds: 0 flies on, 1 stops, 2 comes straight back."""
    noise: float
    """Standard error of `share`, from the scatter of the detections about straight paths."""

    @property
    def is_clear(self) -> bool:
        """Whether it exceeds what noise, gravity and a moving camera make of a free flight."""
        return self.share - self.noise > _FREE_FLIGHT


def measure_deflection(tracks: ClipTracks, frame: int) -> Deflection | None:
    """Measure the clearest deflection at or next to a frame; None if the ball is seen too rarely there."""
    slack = round(_SLACK_S * tracks.frame_rate_hz)
    found = [_deflection_at(tracks, at) for at in range(frame - slack, frame + slack + 1)]
    return max((one for one in found if one), key=lambda one: one.share - one.noise, default=None)


def _deflection_at(tracks: ClipTracks, frame: int) -> Deflection | None:
    span = max(_MIN_POINTS, round(_SPAN_S * tracks.frame_rate_hz))
    seen = np.flatnonzero(tracks.ball_seen)
    before = seen[(seen >= frame - span) & (seen <= frame)]
    after = seen[(seen >= frame) & (seen <= frame + span)]
    if len(before) < _MIN_POINTS or len(after) < _MIN_POINTS:
        return None
    v1, error1 = _velocity(before, tracks.ball[before, :2])
    v2, error2 = _velocity(after, tracks.ball[after, :2])
    speed = max(float(np.hypot(*v1)), float(np.hypot(*v2)), 1e-6)
    return Deflection(float(np.hypot(*(v2 - v1))) / speed, float(np.hypot(error1, error2)) / speed)


def _velocity(at: NDArray[np.int64], xy: NDArray[np.float32]) -> tuple[NDArray[np.float64], float]:
    """Slope (2,) of a straight path, pixels a frame, and its standard error."""
    t = at - at.mean()
    square = float((t**2).sum())
    slope = (t[:, None] * (xy - xy.mean(axis=0))).sum(axis=0) / square
    residual = xy - xy.mean(axis=0) - t[:, None] * slope
    scatter = float(np.sqrt((residual**2).sum() / max(1, 2 * (len(at) - 2))))
    return np.asarray(slope, np.float64), scatter / square**0.5
