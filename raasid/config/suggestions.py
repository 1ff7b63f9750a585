"""Did you mean …? The candidate that a mistyped name most likely meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

MIN_SIMILARITY = 0.6


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return `; did you mean '…'?`, or an empty string."""
    found = nearest(name, candidates)
    return f"; did you mean '{found}'?" if found else ""


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most similar to `name`, or None.

    A key without its group counts as a match: `lr` is near `optimizer.lr`. Ties go to the shorter one, then
    to the first in the alphabet.
    """

    def similarity(candidate: str) -> float:
        full = SequenceMatcher(None, name, candidate).ratio()
        last = candidate.rpartition(".")[2]
        if name == last:
            return max(full, 0.95)
        if "." not in name and last != candidate:
            return max(full, 0.9 * SequenceMatcher(None, name, last).ratio())
        return full

    others = {other for other in candidates if other != name and not name.startswith(f"{other}.")}
    ranked = sorted((-similarity(other), len(other), other) for other in others)
    return ranked[0][2] if ranked and -ranked[0][0] >= MIN_SIMILARITY else None
