"""The matches of the season: a synthetic league by day, under weak floodlights, and in snow.

The league's ordinary matches are played in sun, under clouds or under good floodlights; the season's day
matches are those in sun and under clouds. At night the shift suite `night` shows a stadium whose floodlights
are weak: images are darker, with more noise and longer exposures. The suite `snow` covers the pitch of day
matches, and the ball is orange. Labels are exact in all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from raasid.errors import DataError
from raasid.footage.records import Clip, Footage
from raasid.footage.store import DatasetStore
from raasid.synthetic.generate import generate
from raasid.synthetic.league import League, ShiftName

from .amounts import Amounts

Kind = Literal["day", "night", "snow"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Of matches; each clip carries its own as a tag."""
Matches = list[list[Clip]]
"""The clips of each match."""


class _Look(NamedTuple):
    """How the matches of a kind are rendered."""

    seed: int
    shift: ShiftName | None
    daylight: bool
    """Whether the ordinary matches under floodlights, a third of all, are left out."""


_LOOKS: dict[Kind, _Look] = {
    "day": _Look(3, None, True),
    "night": _Look(4, "night", False),
    "snow": _Look(5, "snow", True),
}
_RENDERED_PER_DAY_MATCH = 1.7


class TooFewMatches(DataError):
    """A league of which too few matches are played in the light that is asked for."""

    def __init__(self, wanted: int, found: int) -> None:
        super().__init__(f"the season needs {wanted} more matches, but the league has {found}; render more")


class MatchCalendar:
    """Deals out the matches of a league: each is used once."""

    def __init__(self, matches: Matches) -> None:
        self._left = matches

    def next(self, count: int) -> list[Clip]:
        """Return the clips of the next matches. Raises TooFewMatches."""
        if count > len(self._left):
            raise TooFewMatches(count, len(self._left))
        taken, self._left = self._left[:count], self._left[count:]
        return [clip for match in taken for clip in match]


def render_matches(kind: Kind, amounts: Amounts, weeks: int, folder: Path) -> MatchCalendar:
    """Render the matches of a kind: those of `weeks`, besides those that are trained on."""
    look, count = _LOOKS[kind], amounts.held + weeks * amounts.week
    rendered = round(_RENDERED_PER_DAY_MATCH * count) + 2 if look.daylight else count
    league = _league(amounts, rendered, look.seed)
    if look.shift is not None:
        league = league.replace(shift=look.shift, shift_intensity=3)
    clips = (clip for clip in generate(league, folder) if not (look.daylight and "night" in clip.tags))
    return MatchCalendar(_by_match(replace(clip, tags=_tags(clip, kind)) for clip in clips))


def store_season(store: Path, name: str, matches: MatchCalendar, amounts: Amounts) -> None:
    """Store matches to train on, to select and to test by, as a dataset version."""
    counts = {"train": amounts.train, "val": amounts.val, "test": amounts.test}
    _store(store, name, {split: matches.next(count) for split, count in counts.items()})


def store_week(store: Path, name: str, kinds: Iterable[MatchCalendar], amounts: Amounts) -> None:
    """Store the matches of one week, all of which are measured on and none trained on."""
    _store(store, name, {"test": [clip for matches in kinds for clip in matches.next(amounts.week)]})


def store_joined(store: Path, name: str, datasets: Sequence[str]) -> None:
    """Store all clips of several datasets as one; each stays in its split."""
    versions = [DatasetStore(store).find(dataset) for dataset in datasets]
    parts = [version.footage() for version in versions]
    splits: dict[str, list[str]] = {}
    for part in parts:
        for split, ids in part.splits.items():
            splits.setdefault(split, []).extend(ids)
    clips = [clip for part in parts for clip in part.clips]
    parents = [version.digest for version in versions]
    footage = Footage(clips, splits, media={path: sha for part in parts for path, sha in part.media.items()})
    DatasetStore(store).add(name, footage, made_by="season", parents=parents, link_media=True)


def _store(store: Path, name: str, parts: Mapping[str, list[Clip]]) -> None:
    clips = [clip for part in parts.values() for clip in part]
    splits = {split: [clip.id for clip in part] for split, part in parts.items()}
    DatasetStore(store).add(name, Footage(clips, splits), made_by="season", link_media=True)


def _tags(clip: Clip, kind: Kind) -> tuple[str, ...]:
    kept = (tag for tag in clip.tags if tag != kind and not tag.startswith("shift_"))
    return (*kept, kind)


def _league(amounts: Amounts, matches: int, seed: int) -> League:
    return League(
        matches=matches,
        clips_per_match=amounts.clips,
        frames_per_clip=amounts.frames,
        size=(320, 184),
        ball_px=22.0,
        seed=seed,
    )


def _by_match(clips: Iterable[Clip]) -> Matches:
    found: dict[str, list[Clip]] = {}
    for clip in clips:
        found.setdefault(clip.match, []).append(clip)
    return list(found.values())
