"""Two models on the same clips: what one gets right beyond the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.context.outcome import ClipOutcome
from raasid.evaluation.intervals import Estimate, bootstrap

Floats = NDArray[np.float64]


def accuracy_gain(first: Sequence[ClipOutcome], second: Sequence[ClipOutcome], seed: int = 0) -> Estimate:
    """Accuracy of the second beyond the first, over the clips that both have judged.

    Both are drawn together, match by match: hard matches cancel out, and the interval is narrower than that
    of either accuracy.
    """
    rights = {outcome.ref.key: outcome.right for outcome in first}
    pairs = [(rights[o.ref.key], o.right, o.match) for o in second if o.ref.key in rights]
    gains = np.array([(float(after) - float(before), 1.0) for before, after, _ in pairs]).reshape(-1, 2)

    def gain(sums: Floats) -> dict[str, Floats]:
        clips = sums[..., 1]
        return {"gain": np.where(clips > 0, sums[..., 0] / np.where(clips > 0, clips, 1), np.nan)}

    return bootstrap(gains, [match for *_, match in pairs], gain, seed, single="clip")["gain"]
