"""Who the tracks of a SoccerNet tracking sequence are: `trackletID_1= player team left;10`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from raasid.data.readers.checked import MOST_TRACKS, shown
from raasid.data.readers.person_roles import role_called
from raasid.data.records import Role

_KEY = re.compile(r"trackletid_(\d{1,10})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tracklet:
    """One track's part in the game."""

    ball: bool
    role: Role
    team: str | None = None
    jersey: str | None = None
    """Digits; other marks after the semicolon stand for a number that nobody could read."""
    rank: int = 0
    """Number of a ball among several."""


UNKNOWN = Tracklet(ball=False, role="other")


def tracklets(info: Mapping[str, str]) -> Iterator[tuple[int, Tracklet | str]]:
    """Yield (track, who it is, or the reason why it is nobody) for each tracklet key of gameinfo.ini.

    Source: SoccerNet-Tracking's development kit; spellings as in its files.
    """
    for key, value in info.items():
        match = _KEY.fullmatch(key)
        if match is None or int(match[1]) > MOST_TRACKS:
            continue
        kind, _, detail = value.partition(";")
        words = re.findall(r"[^\W_]+", kind.casefold())
        if not words:
            yield int(match[1]), f"tracklet without a class: {shown(value)}"
            continue
        detail = detail.strip()
        digits = detail if detail.isascii() and detail.isdecimal() and len(detail) <= 3 else None
        if words[0] == "ball":
            yield int(match[1]), Tracklet(True, "other", rank=int(digits or 0))
            continue
        role = role_called(kind)
        team = next((side for side in ("left", "right") if side in words), None)
        playing = role in ("player", "goalkeeper")
        yield int(match[1]), Tracklet(False, role, team, digits if playing else None)
