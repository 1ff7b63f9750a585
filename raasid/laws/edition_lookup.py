"""Find an edition: by name, or by the season or day of a match."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path

from raasid.config.suggestions import did_you_mean
from raasid.errors import UsageError
from raasid.laws.edition import Edition
from raasid.laws.edition_loader import load_edition


class EditionUnknown(UsageError):
    """No edition has this name."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(
            f"law: no such edition: {name!r}{did_you_mean(name, known)} (there are: {', '.join(known)})"
        )


class SeasonUnreadable(UsageError):
    """A text that is neither a season nor a day."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"season {text!r} is no season; write 2022-2023, 2022/23, 2022_23, or a day as 2022-10-01"
        )


def editions_dir() -> Path:
    """Return the folder of the editions, one YAML file each."""
    return Path(__file__).resolve().parent / "editions"


def shipped_editions() -> list[str]:
    """Return the names of all editions, seasons first, oldest first."""
    return sorted(path.stem for path in editions_dir().glob("*.yaml"))


def get_edition(name: str) -> Edition:
    """Return a shipped edition; raises EditionUnknown, or EditionUnreadable for a broken file."""
    known = shipped_editions()
    if name not in known:
        raise EditionUnknown(name, known)
    return _load_shipped(name)


@cache
def _load_shipped(name: str) -> Edition:
    return load_edition(editions_dir() / f"{name}.yaml")


def edition_for(when: str | date, competition: str | None = None) -> Edition:
    """Return the edition in force on a day, or at the start of a season.

    when: a date; or text: a day `2022-10-01`, or a season `2022-2023`, `2022/23`, `2022_23`.
    competition: as the overlays name theirs (`premier_league`; case, spaces and dashes do not matter).
    An overlay that came during a season applies from its first day on; a season alone does not tell on which
    side of that day a match lies, and is decided by the Laws without the overlay.
    Raises SeasonUnreadable.
    """
    day, whole_season = _parse_day(when)
    in_force = [
        edition
        for edition in map(get_edition, shipped_editions())
        if (edition.valid_from is None or edition.valid_from <= day)
        and (edition.valid_until is None or day <= edition.valid_until)
        and (edition.competition is None or (not whole_season and _same(edition.competition, competition)))
    ]
    return max(
        in_force, key=lambda edition: (edition.competition is not None, edition.valid_from or date.min)
    )


def _parse_day(when: str | date) -> tuple[date, bool]:
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
    return other is not None and _normalize(one) == _normalize(other)


def _normalize(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
