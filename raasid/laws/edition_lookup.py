"""Which edition is called what, and which one a season or a day falls under."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from raasid.config.suggestions import did_you_mean
from raasid.errors import UsageError
from raasid.laws.edition import Edition
from raasid.laws.edition_loader import load_edition
from raasid.laws.edition_names import editions_dir, shipped_editions


class EditionUnknown(UsageError):
    """A name that is no edition."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(
            f"law: no such edition: {name!r}{did_you_mean(name, known)} (there are: {', '.join(known)})"
        )


class SeasonUnreadable(UsageError):
    """Neither a season nor a day."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"season {text!r} is no season; write 2022-2023, 2022/23, 2022_23, or a day as 2022-10-01"
        )


def edition_named(name: str) -> Edition:
    """Return a shipped edition; raises EditionUnknown, or EditionUnreadable for a broken file."""
    known = shipped_editions()
    if name not in known:
        raise EditionUnknown(name, known)
    return _shipped(name)


@cache
def _shipped(name: str) -> Edition:
    return load_edition(editions_dir() / f"{name}.yaml")


def edition_for(when: str | date, competition: str | None = None) -> Edition:
    """Return the edition in force on a day, or at the start of a season.

    when: a date; or text: a day `2022-10-01`, or a season `2022-2023`, `2022/23`, `2022_23`.
    competition: as the overlays name theirs (`premier_league`; case, spaces and dashes do not count).
    An overlay that came during a season counts for days from then on; a season alone does not say
    which side of that day a match lies, and falls under the Laws themselves.
    Raises SeasonUnreadable.
    """
    day, whole_season = _day(when)
    editions = [edition_named(name) for name in shipped_editions()]
    in_force = [
        edition
        for edition in editions
        if (edition.valid_from is None or edition.valid_from <= day)
        and (edition.valid_until is None or day <= edition.valid_until)
        and (edition.competition is None or (not whole_season and _same(edition.competition, competition)))
    ]
    return max(
        in_force, key=lambda edition: (edition.competition is not None, edition.valid_from or date.min)
    )


def _day(when: str | date) -> tuple[date, bool]:
    """Return the day that decides, and whether it stands for a whole season."""
    if isinstance(when, date):
        return date(when.year, when.month, when.day), False
    text = when.strip()
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return date.fromisoformat(text), False
        except ValueError as error:
            raise SeasonUnreadable(when) from error
    found = re.fullmatch(r"(\d{4})\s*[-/_–]\s*(\d{2}|\d{4})", text)
    if found is None or (int(found[1]) + 1) % 10 ** len(found[2]) != int(found[2]) or int(found[1]) < 1:
        raise SeasonUnreadable(when)
    # by 1 July every edition of a season is in force: that of 2019/20 came in June, the others since in July
    return date(int(found[1]), 7, 1), True


def _same(one: str, other: str | None) -> bool:
    return other is not None and _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
