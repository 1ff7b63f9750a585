"""How far a pan moved everybody between two frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_FEWEST = 2
"""People who must have moved alike, for a pan to be told from running."""
_SHARE = 0.4
"""And of all people."""


def camera_shift(before: Floats, now: Floats, height: float) -> Floats:
    """Return the shift (2,) that brings most people near their next place.

    before, now: (M, 2) and (N, 2) feet in pixels, nobody matched yet; height: of a person. Every pair votes
    for its move; the largest heap of votes wins. Too few votes: no shift.
    """
    moves = (now[None] - before[:, None]).reshape(-1, 2)
    near = moves[np.linalg.norm(moves, axis=1) < 6 * height]
    if len(near) == 0:
        return np.zeros(2)
    votes = (np.linalg.norm(near[:, None] - near[None], axis=2) < 0.4 * height).sum(axis=1)
    if votes.max() < max(_FEWEST, _SHARE * min(len(before), len(now))):
        return np.zeros(2)
    best = near[int(votes.argmax())]
    return np.asarray(np.median(near[np.linalg.norm(near - best, axis=1) < 0.4 * height], axis=0))
