"""Made-up features of matches: normal values of which those of one match resemble each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class MadeRows:
    """rows: (N, F). matches: (N,) names."""

    rows: NDArray[np.float64]
    matches: NDArray[np.str_]


def made_matches(
    rng: np.random.Generator,
    matches: int,
    rows: int = 40,
    features: int = 50,
    correlation: float = 0.0,
    shift: float = 0.0,
    prefix: str = "r",
) -> MadeRows:
    """Draw `rows` rows of each match, of mean 0 and variance 1; `correlation` is that of two rows of a match.

    shift: added to feature 0.
    """
    of_match = rng.normal(size=(matches, 1, features)) * correlation**0.5
    values = (of_match + rng.normal(size=(matches, rows, features)) * (1 - correlation) ** 0.5).reshape(
        -1, features
    )
    values[:, 0] += shift
    return MadeRows(values, np.repeat([f"{prefix}{k}" for k in range(matches)], rows))
