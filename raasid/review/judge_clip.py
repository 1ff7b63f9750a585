"""From perceived frames to a verdict: the model predicts every window, the most suspicious one decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from raasid.footage.records import Clip, Frame, Provenance
from raasid.laws.edition_lookup import shipped_editions
from raasid.models.context.module import ContextPrediction
from raasid.review.abstention import (
    caveats,
    clip_abstention_reasons,
    decision_probability,
    low_confidence_reasons,
    measure_deflection,
    no_window_reason,
    window_abstention_reasons,
)
from raasid.review.arm_distance import (
    ArmDistance,
    FrameRange,
    SelectedWindows,
    measure_arm_distance,
    select_windows,
)
from raasid.review.options import ReviewOptions
from raasid.review.perceived_frames import PerceivedFrames
from raasid.tracks.track_arrays import ClipTracks, clip_tracks


class ContextPredictor(Protocol):
    """Predicts facts and decision from tracks; every context model is one."""

    def predict_clips(
        self, clips: Sequence[ClipTracks], ids: Sequence[str], edition: str
    ) -> list[ContextPrediction]:
        """Return a prediction for each clip, by an edition of the Laws."""
        ...


@dataclass(frozen=True, slots=True)
class WindowResult:
    """A window, the model's prediction, and whether the evidence supports any."""

    window: FrameRange
    prediction: ContextPrediction
    at: int
    """Frame of the clip: the predicted touch, else the nearest approach."""
    abstention_reasons: tuple[str, ...]
    """Why no prediction on this window is worth anything."""

    @property
    def is_reportable(self) -> bool:
        """Whether the model's probabilities are reported: enough evidence, and in distribution."""
        return not self.abstention_reasons and self.prediction.details.get("in_distribution_weight", 1.0) > 0


@dataclass(frozen=True, slots=True, eq=False)
class ClipVerdict:
    """The result of all windows of a clip."""

    arm_distance: ArmDistance
    selected: SelectedWindows
    windows: tuple[WindowResult, ...]
    """In order of time, as `selected`."""
    decisive: WindowResult | None
    """The window that decides; None if there was none."""
    editions: dict[str, ContextPrediction]
    """The same window by every edition that ships."""
    reasons: tuple[str, ...]
    """Why there is no decision."""
    caveats: tuple[str, ...]
    num_tracks: int
    """Number of different people."""

    @property
    def abstained(self) -> bool:
        """Whether the review gives no decision."""
        return bool(self.reasons)

    @property
    def confidence(self) -> float:
        """Probability of the decision; 0 without one."""
        if self.abstained or self.decisive is None:
            return 0.0
        return decision_probability(self.decisive.prediction)

    @property
    def arm_px(self) -> float:
        """Length of the arm that decides, pixels of the footage; 0 if unknown."""
        if self.decisive is None:
            return 0.0
        length = float(self.arm_distance.arm_px[self.decisive.at])
        return length if np.isfinite(length) else 0.0


def judge_clip(
    perceived: PerceivedFrames, predictor: ContextPredictor, edition: str, options: ReviewOptions
) -> ClipVerdict:
    """Predict every window around an approach of the ball to an arm; the most suspicious window decides.

    Memory does not grow with the clip, except for a few numbers per frame.
    """
    video = perceived.video
    arm_distance, num_tracks = _measure(perceived)
    selected = select_windows(arm_distance, video.frame_rate_hz, options.window_s, options.max_windows)
    notes = tuple(caveats(video, len(selected.windows), selected.passed_over))
    if not selected.windows:
        nothing = (no_window_reason(arm_distance),)
        return ClipVerdict(arm_distance, selected, (), None, {}, nothing, notes, num_tracks)
    tracks = [_window_tracks(perceived, window) for window in selected.windows]
    clip_reasons = tuple(clip_abstention_reasons(arm_distance, options))
    windows = tuple(
        _window_result(arm_distance, window, prediction, its_tracks, clip_reasons, options)
        for window, prediction, its_tracks in zip(
            selected.windows, _predict(predictor, tracks, edition), tracks, strict=True
        )
    )
    suspicion = [(one.prediction.offence, -float(arm_distance.gap[one.window.nearest])) for one in windows]
    most_suspicious = suspicion.index(max(suspicion))
    editions = {name: _predict(predictor, [tracks[most_suspicious]], name)[0] for name in shipped_editions()}
    decisive = windows[most_suspicious]
    reasons = tuple(dict.fromkeys(_abstention_reasons(decisive, options)))
    return ClipVerdict(arm_distance, selected, windows, decisive, editions, reasons, notes, num_tracks)


def _measure(perceived: PerceivedFrames) -> tuple[ArmDistance, int]:
    parts, people = [], set[int]()
    for frames in perceived:
        parts.append(measure_arm_distance(clip_tracks(_clip(perceived, frames))))
        people |= {person.track for frame in frames for person in frame.persons}
    return ArmDistance.concatenate(parts), len(people)


def _clip(perceived: PerceivedFrames, frames: Sequence[Frame]) -> Clip:
    video = perceived.video
    return Clip(video.name, tuple(frames), Provenance(source=video.name), video.frame_rate_hz)


def _window_tracks(perceived: PerceivedFrames, window: FrameRange) -> ClipTracks:
    return clip_tracks(_clip(perceived, perceived.frames(window.start, window.stop)))


def _predict(
    predictor: ContextPredictor, tracks: Sequence[ClipTracks], edition: str
) -> list[ContextPrediction]:
    return predictor.predict_clips(tracks, [str(number) for number in range(len(tracks))], edition)


def _window_result(
    arm_distance: ArmDistance,
    window: FrameRange,
    prediction: ContextPrediction,
    tracks: ClipTracks,
    clip_reasons: tuple[str, ...],
    options: ReviewOptions,
) -> WindowResult:
    touch = prediction.contact_frame
    at = window.nearest if touch is None else window.start + min(max(0, touch), len(tracks.index) - 1)
    inside = at - window.start
    reasons = window_abstention_reasons(
        arm_distance.part(window.start, window.stop),
        prediction,
        inside,
        measure_deflection(tracks, inside),
        options,
    )
    return WindowResult(window, prediction, at, (*clip_reasons, *reasons))


def _abstention_reasons(decisive: WindowResult, options: ReviewOptions) -> Iterator[str]:
    """Yield missing evidence first, then the model's own reasons, then a low confidence."""
    prediction = decisive.prediction
    yield from decisive.abstention_reasons
    if prediction.abstained or prediction.ruling.abstained:
        yield from prediction.reasons
        if not prediction.reasons:
            yield (
                "the context model is not confident enough in what it sees"
                if prediction.abstained
                else "the known facts allow both answers"
            )
    if decisive.is_reportable:
        yield from low_confidence_reasons(prediction, options)
