"""From perceived frames to a verdict: the model judges every window, the review the most suspicious.

Which moments of a clip are judged: those in which the ball comes nearest to an arm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from raasid.footage.records import Clip, Frame, Provenance
from raasid.laws.edition_names import shipped_editions
from raasid.models.context.module import ClipJudgement
from raasid.review.abstention import (
    Limits,
    bend_at,
    nothing_to_judge,
    of_clip,
    of_window,
    sureness,
    to_keep_in_mind,
    undecided,
)
from raasid.review.arm_distance import Reach, reach_of
from raasid.review.perceived_frames import Stretches
from raasid.tracks.track_arrays import ClipTracks, tracks_of

NEAR = 1.0
"""Arm lengths from ball to arm beyond which a moment is looked at only if none is nearer."""


@dataclass(frozen=True, slots=True)
class Window:
    """Frames start to stop - 1 of a clip, round the approach at `nearest`."""

    start: int
    stop: int
    nearest: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The windows that are judged, in the order of time, and how many more approaches there were."""

    windows: tuple[Window, ...]
    passed_over: int


def choose(reach: Reach, frame_rate_hz: float, window_s: float, most: int) -> Choice:
    """Choose the nearest approaches, each outside the windows of nearer ones; none where no gap is known."""
    frames = len(reach.gap)
    length = min(max(1, round(window_s * frame_rate_hz)), frames)
    order = np.argsort(reach.gap + np.where(reach.seen, 0.0, 1e-3), kind="stable")
    order = order[np.isfinite(reach.gap[order])]
    taken = np.zeros(frames, bool)
    chosen: list[int] = []
    passed_over = 0
    for at in map(int, order):
        if chosen and reach.gap[at] > NEAR:
            break
        if taken[at]:
            continue
        # the slope of an approach belongs to it: only what the window round it does not hold is new
        window = _window(at, length, frames)
        taken[window.start : window.stop] = True
        if len(chosen) < most:
            chosen.append(at)
        else:
            passed_over += 1
    return Choice(tuple(_window(at, length, frames) for at in sorted(chosen)), passed_over)


def _window(at: int, length: int, frames: int) -> Window:
    start = min(max(0, at - length // 2), frames - length)
    return Window(start, start + length, at)


class Judge(Protocol):
    """What judges tracks; every context model is one."""

    def judge(self, clips: Sequence[ClipTracks], ids: Sequence[str], edition: str) -> list[ClipJudgement]:
        """Return a judgement of each clip by an edition of the Laws."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A window, what the model says of it, and whether that is worth anything."""

    window: Window
    judgement: ClipJudgement
    at: int
    """Frame of the clip: the touch that the model sees, else the nearest approach."""
    groundless: tuple[str, ...]
    """What makes any answer on this window worthless."""

    @property
    def told(self) -> bool:
        """Whether the model's chances are passed on: it knows such clips, and had something to go by."""
        return not self.groundless and self.judgement.details.get("trusted", 1.0) > 0


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """All that is known of a clip in the end."""

    reach: Reach
    choice: Choice
    judged: tuple[Judged, ...]
    """Each window."""
    decisive: Judged | None
    """The window that decides; None: there was nothing to judge."""
    editions: dict[str, ClipJudgement]
    """The same window by every edition that ships."""
    reasons: tuple[str, ...]
    """Why there is no decision."""
    limits: tuple[str, ...]
    tracks: int
    """Different people."""

    @property
    def abstained(self) -> bool:
        """Whether the review keeps its opinion to itself."""
        return bool(self.reasons)

    @property
    def confidence(self) -> float:
        """Probability of the decision; 0 where there is none."""
        return 0.0 if self.abstained or self.decisive is None else sureness(self.decisive.judgement)


def judge_clip(
    stretches: Stretches, judge: Judge, edition: str, limits: Limits, window_s: float, most: int
) -> Verdict:
    """Judge what was perceived; memory does not grow with the clip, but for some numbers a frame."""
    film = stretches.film
    reach, people = _measured(stretches)
    choice = choose(reach, film.frame_rate_hz, window_s, most)
    keep = tuple(to_keep_in_mind(film, len(choice.windows), choice.passed_over))
    if not choice.windows:
        return Verdict(reach, choice, (), None, {}, (nothing_to_judge(reach),), keep, people)
    tracks = [_tracks(stretches, window) for window in choice.windows]
    of_all = tuple(of_clip(reach, limits))
    judged = tuple(
        _judged(reach, window, judgement, seen, of_all, limits)
        for window, judgement, seen in zip(
            choice.windows, _judge(judge, tracks, edition), tracks, strict=True
        )
    )
    suspicion = [(one.judgement.offence, -float(reach.gap[one.window.nearest])) for one in judged]
    first = suspicion.index(max(suspicion))
    editions = {name: _judge(judge, [tracks[first]], name)[0] for name in shipped_editions()}
    reasons = tuple(dict.fromkeys(_against(judged[first], limits)))
    return Verdict(reach, choice, judged, judged[first], editions, reasons, keep, people)


def _measured(stretches: Stretches) -> tuple[Reach, int]:
    parts, people = [], set[int]()
    for frames in stretches:
        parts.append(reach_of(tracks_of(_clip(stretches, frames))))
        people |= {person.track for frame in frames for person in frame.persons}
    return Reach.joined(parts), len(people)


def _clip(stretches: Stretches, frames: Sequence[Frame]) -> Clip:
    film = stretches.film
    return Clip(film.name, tuple(frames), Provenance(source=film.name), film.frame_rate_hz)


def _tracks(stretches: Stretches, window: Window) -> ClipTracks:
    return tracks_of(_clip(stretches, stretches.frames(window.start, window.stop)))


def _judge(judge: Judge, tracks: Sequence[ClipTracks], edition: str) -> list[ClipJudgement]:
    return judge.judge(tracks, [str(number) for number in range(len(tracks))], edition)


def _judged(
    reach: Reach,
    window: Window,
    judgement: ClipJudgement,
    tracks: ClipTracks,
    of_all: tuple[str, ...],
    limits: Limits,
) -> Judged:
    touch = judgement.contact_frame
    at = window.nearest if touch is None else window.start + min(max(0, touch), len(tracks.index) - 1)
    inside = at - window.start
    part = reach.part(window.start, window.stop)
    of_this = of_window(part, judgement, inside, bend_at(tracks, inside), limits)
    return Judged(window, judgement, at, (*of_all, *of_this))


def _against(decisive: Judged, limits: Limits) -> list[str]:
    """What makes any answer worthless first, then the model's own doubts."""
    judgement = decisive.judgement
    reasons = list(judgement.reasons) if judgement.abstained or judgement.ruling.abstained else []
    if judgement.abstained and not reasons:
        reasons.append("the context model is not sure enough of what it sees")
    if judgement.ruling.abstained and not reasons:
        reasons.append("the facts that can be told allow both answers")
    doubts = undecided(judgement, limits) if decisive.told else ()
    return [*decisive.groundless, *reasons, *doubts]
