"""Rulings that annotators chose from a list: `offence`, `penalty`, `yellow card`."""

from __future__ import annotations

from collections.abc import Iterable

from raasid.data.readers.checked import ValueUnusable, shown
from raasid.data.records import Tags
from raasid.laws.ruling import Restart, Ruling, Sanction, Verdict

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


def ruling_of(choices: Iterable[str]) -> tuple[Ruling | None, Tags]:
    """Return the ruling among normalised choices, and the others as tags, each once and in order.

    There is a ruling only where one of offence and no offence is chosen.
    Raises ValueUnusable for choices that contradict each other.
    """
    chosen = list(dict.fromkeys(choices))
    verdicts = {_VERDICTS[choice] for choice in chosen if choice in _VERDICTS}
    restarts = {_RESTARTS[choice] for choice in chosen if choice in _RESTARTS}
    sanctions = {_SANCTIONS[choice] for choice in chosen if choice in _SANCTIONS}
    if max(len(verdicts), len(restarts), len(sanctions)) > 1:
        raise ValueUnusable(f"choices contradict each other: {shown(chosen)}")
    if not verdicts:
        return None, tuple(chosen)
    tags = tuple(choice for choice in chosen if choice not in _VERDICTS | _RESTARTS | _SANCTIONS)
    restart, sanction = next(iter(restarts), None), next(iter(sanctions), None)
    return Ruling(verdicts.pop(), restart, sanction), tags
