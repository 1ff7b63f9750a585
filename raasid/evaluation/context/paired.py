"""Two models on the same clips: what one has beyond the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.context.metrics import decision_metrics
from raasid.evaluation.context.outcome import ClipOutcome
from raasid.evaluation.intervals import Estimate
from raasid.evaluation.weighted import bootstrap_weighted

Floats = NDArray[np.float64]


def gain(
    first: Sequence[ClipOutcome], second: Sequence[ClipOutcome], metric: str = "accuracy", seed: int = 0
) -> Estimate:
    """A metric of the second beyond that of the first, over the clips that both have judged.

    metric: one of `decision_metrics`. Both are drawn together, match by match: hard matches cancel out,
    and the interval is narrower than that of either.
    """
    other = {outcome.ref.key: outcome for outcome in first}
    after = [outcome for outcome in second if outcome.ref.key in other]
    before = [other[outcome.ref.key] for outcome in after]
    metrics = decision_metrics(before), decision_metrics(after)

    def difference(weights: Floats) -> dict[str, Floats]:
        return {metric: metrics[1](weights)[metric] - metrics[0](weights)[metric]}

    return bootstrap_weighted([outcome.match for outcome in after], difference, seed)[metric]
