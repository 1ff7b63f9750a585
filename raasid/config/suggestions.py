"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

LIKENESS = 0.6


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `name` was most likely meant to be, or None.

    A key without its group counts as a hit: `lr` is near `optimizer.lr`. Ties go to the shorter, then
    to the first in the alphabet.
    """

    def likeness(candidate: str) -> float:
        whole = SequenceMatcher(None, name, candidate).ratio()
        last = candidate.rpartition(".")[2]
        if name == last:
            return max(whole, 0.95)
        if "." not in name and last != candidate:
            return max(whole, 0.9 * SequenceMatcher(None, name, last).ratio())
        return whole

    others = {other for other in candidates if other != name and not name.startswith(f"{other}.")}
    ranked = sorted((-likeness(other), len(other), other) for other in others)
    return ranked[0][2] if ranked and -ranked[0][0] >= LIKENESS else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return `; did you mean '…'?`, or nothing."""
    found = nearest(name, candidates)
    return f"; did you mean '{found}'?" if found else ""
