"""Maps names that annotators give (balls, roles, keypoints, rulings) to those of the records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from raasid.footage.formats.parsing.values import ValueUnusable, short_repr
from raasid.footage.keypoints import KEYPOINTS, NUM_KEYPOINTS
from raasid.footage.records import Keypoint, Role, Tags
from raasid.laws.edition import Restart, Ruling, Sanction, Verdict

_BALLS = {"ball", "balls", "football", "soccerball", "sportsball", "matchball"}


@lru_cache(maxsize=1024)
def is_ball(name: str, wanted: str | None = "ball") -> bool:
    """Whether a class of that name is the ball; case, blanks and punctuation are ignored.

    wanted: the class name that the user gave; None: the data has no ball. `ball` includes synonyms and names
    that begin with it (`ball_in_play`).
    """
    if wanted is None:
        return False
    words, asked = _words(name), _words(wanted)
    if words == asked:
        return True
    return asked == ["ball"] and ("".join(words) in _BALLS or words[:1] == ["ball"])


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.casefold())


_ROLES: tuple[tuple[str, Role], ...] = (
    ("keeper", "goalkeeper"),
    ("referee", "referee"),
    ("linesman", "referee"),
    ("player", "player"),
    ("person", "player"),
)
"""A part of the name -> the role; the first that fits counts."""


def role_from_name(name: str) -> Role:
    """Return the role in a class name such as `Goalkeeper` or `player team left`; else `other`."""
    folded = name.casefold()
    return next((role for part, role in _ROLES if part in folded), "other")


UNLABELLED: Keypoint = (0.0, 0.0, 0)
_SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}
_INDEX = {name: index for index, name in enumerate(KEYPOINTS)}


@lru_cache(maxsize=1024)
def keypoint_index(name: str) -> int | None:
    """Return the index of a keypoint in COCO's order; None for a name that is none of the 17.

    `left_wrist`, `Left Wrist`, `wrist-left`, `leftWrist`, `l_wrist` and `LWrist` are equivalent.
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=^[LR])(?=[A-Z][a-z])", "_", name.strip())
    words = re.findall(r"[a-z]+", parted.casefold())
    sides = [_SIDES[word] for word in words if word in _SIDES]
    return _INDEX.get("_".join(sides[:1] + [word for word in words if word not in _SIDES]))


def coco_order(names: Sequence[str]) -> tuple[int | None, ...]:
    """Return the index in `names` of each of the 17 keypoints (None: missing); without names, 0 to 16."""
    if not names:
        return tuple(range(NUM_KEYPOINTS))
    positions: dict[int, int] = {}
    for position, name in enumerate(names):
        index = keypoint_index(name)
        if index is not None:
            positions.setdefault(index, position)
    return tuple(positions.get(index) for index in range(NUM_KEYPOINTS))


def complete_keypoints(points: Mapping[int, Keypoint]) -> tuple[Keypoint, ...]:
    """Return all 17 in order, missing ones as unlabelled; empty if none is labelled."""
    if not any(point[2] for point in points.values()):
        return ()
    return tuple(points.get(index, UNLABELLED) for index in range(NUM_KEYPOINTS))


def keypoint_box(points: Iterable[Keypoint]) -> tuple[float, float, float, float]:
    """Return x, y, width, height of the tightest box around the labelled points."""
    labelled = [(x, y) for x, y, visibility in points if visibility]
    left, top = min(x for x, _ in labelled), min(y for _, y in labelled)
    right, bottom = max(x for x, _ in labelled), max(y for _, y in labelled)
    return left, top, right - left, bottom - top


_VERDICTS: dict[str, Verdict] = {
    "offence": "offence",
    "offense": "offence",
    "handball_offence": "offence",
    "no_offence": "no_offence",
    "no_offense": "no_offence",
    "not_an_offence": "no_offence",
}
_RESTARTS: dict[str, Restart] = {
    "penalty": "penalty",
    "penalty_kick": "penalty",
    "direct_free_kick": "direct_free_kick",
    "indirect_free_kick": "indirect_free_kick",
    "play_on": "play_on",
}
_SANCTIONS: dict[str, Sanction] = {
    "no_card": "none",
    "yellow": "yellow",
    "yellow_card": "yellow",
    "red": "red",
    "red_card": "red",
}


def parse_ruling(choices: Iterable[str]) -> tuple[Ruling | None, Tags]:
    """Return the ruling among normalised choices, and the other choices as tags.

    There is a ruling only where one of offence and no offence is chosen.
    Raises ValueUnusable for choices that contradict each other.
    """
    chosen = list(dict.fromkeys(choices))
    verdicts = {_VERDICTS[choice] for choice in chosen if choice in _VERDICTS}
    restarts = {_RESTARTS[choice] for choice in chosen if choice in _RESTARTS}
    sanctions = {_SANCTIONS[choice] for choice in chosen if choice in _SANCTIONS}
    if max(len(verdicts), len(restarts), len(sanctions)) > 1:
        raise ValueUnusable(f"choices contradict each other: {short_repr(chosen)}")
    if not verdicts:
        return None, tuple(chosen)
    tags = tuple(choice for choice in chosen if choice not in _VERDICTS | _RESTARTS | _SANCTIONS)
    restart, sanction = next(iter(restarts), None), next(iter(sanctions), None)
    return Ruling(verdicts.pop(), restart, sanction), tags
