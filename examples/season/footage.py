"""The matches of the season: a synthetic league by day, and one under weak floodlights, as dataset versions.

The league's ordinary matches are played in sun, under clouds or under good floodlights; the season's day
matches are those in sun and under clouds. At night the shift suite `night` shows a stadium whose floodlights
are weak: images are darker, with more noise and longer exposures. Labels are exact in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from raasid.errors import DataError
from raasid.footage.records import Clip, Footage
from raasid.footage.store import DatasetStore
from raasid.footage.version import DatasetVersion
from raasid.synthetic.generate import generate
from raasid.synthetic.league import League

from .amounts import Amounts

Matches = list[list[Clip]]
"""The clips of each match."""
_DAY_SEED, _NIGHT_SEED = 3, 4
_SUITE_TAG = "shift_night_3"
"""Of the suite's clips, which carry `night` as well."""
_RENDERED_PER_DAY_MATCH = 1.7
"""A third of the ordinary matches are played under floodlights, and left out."""


class TooFewDayMatches(DataError):
    """A league of which too few matches are played by day."""

    def __init__(self, wanted: int, found: int) -> None:
        super().__init__(f"the season needs {wanted} day matches, but the league has {found}; render more")


class MatchCalendar:
    """Deals out the matches of a league: each is used once."""

    def __init__(self, matches: Matches) -> None:
        self._left = matches

    def next(self, count: int) -> list[Clip]:
        """Return the clips of the next matches. Raises TooFewDayMatches."""
        if count > len(self._left):
            raise TooFewDayMatches(count, len(self._left))
        taken, self._left = self._left[:count], self._left[count:]
        return [clip for match in taken for clip in match]


def day_matches(amounts: Amounts, weeks: int, folder: Path) -> MatchCalendar:
    """Render the league's matches in sun and under clouds; `weeks` of them besides those trained on."""
    count = amounts.held + weeks * amounts.week
    clips = generate(_league(amounts, round(_RENDERED_PER_DAY_MATCH * count) + 2, _DAY_SEED), folder)
    return MatchCalendar(
        _by_match(replace(clip, tags=(*clip.tags, "day")) for clip in clips if "night" not in clip.tags)
    )


def night_matches(amounts: Amounts, weeks: int, folder: Path) -> MatchCalendar:
    """Render matches under weak floodlights; `weeks` of them besides those that arrive first."""
    league = _league(amounts, amounts.held + weeks * amounts.week, _NIGHT_SEED)
    clips = generate(league.replace(shift="night", shift_intensity=3), folder)
    return MatchCalendar(
        _by_match(replace(clip, tags=tuple(t for t in clip.tags if t != _SUITE_TAG)) for clip in clips)
    )


def store_season(store: Path, name: str, matches: MatchCalendar, amounts: Amounts) -> DatasetVersion:
    """Store matches to train on, to select and to test by, as a dataset version."""
    counts = {"train": amounts.train, "val": amounts.val, "test": amounts.test}
    return _store(store, name, {split: matches.next(count) for split, count in counts.items()})


def store_week(store: Path, name: str, matches: MatchCalendar, amounts: Amounts) -> DatasetVersion:
    """Store the matches of one week, all of which are measured on and none trained on."""
    return _store(store, name, {"test": matches.next(amounts.week)})


def store_joined(store: Path, name: str, versions: Sequence[DatasetVersion]) -> DatasetVersion:
    """Store all clips of several versions as one; each stays in its split."""
    parts = [version.footage() for version in versions]
    splits: dict[str, list[str]] = {}
    for part in parts:
        for split, ids in part.splits.items():
            splits.setdefault(split, []).extend(ids)
    clips = [clip for part in parts for clip in part.clips]
    parents = [version.digest for version in versions]
    footage = Footage(clips, splits, media={path: sha for part in parts for path, sha in part.media.items()})
    return DatasetStore(store).add(name, footage, made_by="season", parents=parents, link_media=True)


def _store(store: Path, name: str, parts: Mapping[str, list[Clip]]) -> DatasetVersion:
    clips = [clip for part in parts.values() for clip in part]
    splits = {split: [clip.id for clip in part] for split, part in parts.items()}
    return DatasetStore(store).add(name, Footage(clips, splits), made_by="season", link_media=True)


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
