"""What annotators call a ball, a player, a goalkeeper, a referee."""

from __future__ import annotations

import re
from functools import lru_cache

from raasid.data.records import Role

_BALLS = {"ball", "balls", "football", "soccerball", "sportsball", "matchball"}
_ROLES: dict[str, Role] = {
    "player": "player",
    "players": "player",
    "person": "player",
    "athlete": "player",
    "goalkeeper": "goalkeeper",
    "goalkeepers": "goalkeeper",
    "keeper": "goalkeeper",
    "goalie": "goalkeeper",
    "gk": "goalkeeper",
    "referee": "referee",
    "referees": "referee",
    "ref": "referee",
    "linesman": "referee",
    "assistant": "referee",
}


@lru_cache(maxsize=1024)
def is_ball(name: str) -> bool:
    """Whether a class of that name is the ball; case, blanks and signs do not count."""
    words = re.findall(r"[^\W_]+", name.casefold())
    return "".join(words) in _BALLS or words[:1] == ["ball"]


@lru_cache(maxsize=1024)
def role_of(name: str) -> Role:
    """Return the role that a class name says, by its most telling word; `other` when none says any."""
    found = {_ROLES[word] for word in re.findall(r"[^\W_]+", name.casefold()) if word in _ROLES}
    for role in ("goalkeeper", "referee", "player"):
        if role in found:
            return role
    return "other"
