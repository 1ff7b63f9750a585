"""What annotators call the ball."""

from __future__ import annotations

import re
from functools import lru_cache

_BALLS = {"ball", "balls", "football", "soccerball", "sportsball", "matchball"}


@lru_cache(maxsize=1024)
def is_ball(name: str, wanted: str | None = "ball") -> bool:
    """Whether a class of that name is the ball; case, blanks and signs do not count.

    wanted: the name that the user gave for it; None: the data has no ball. With `ball`, other usual
    names of it and names that begin with it (`ball_in_play`) count as well.
    """
    if wanted is None:
        return False
    words, asked = _words(name), _words(wanted)
    if words == asked:
        return True
    return asked == ["ball"] and ("".join(words) in _BALLS or words[:1] == ["ball"])


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.casefold())
