"""From perceived frames to a verdict: the model judges every window, the review the most suspicious."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from raasid.config.law_editions import shipped_editions
from raasid.data.records import Clip, Frame, Provenance
from raasid.data.tracks.clip_tracks import ClipTracks, tracks_of
from raasid.models.context.clip_judgement import ClipJudgement
from raasid.review.bend import bend_at
from raasid.review.grounds import (
    Limits,
    nothing_to_judge,
    of_clip,
    of_window,
    sureness,
    to_keep_in_mind,
    undecided,
)
from raasid.review.reach import Reach, reach_of
from raasid.review.stretches import Stretches
from raasid.review.windows import Choice, Window, choose


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
