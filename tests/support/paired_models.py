"""Two simulated models on the same samples of some matches, for the gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from raasid.evaluation.paired import PairedEvaluation, PairedMetric, PairedSample
from raasid.stats.bootstrap import Floats
from raasid.stats.paired_difference import RatioOfSums

TagsOf = Callable[[int, int], tuple[str, ...]]
"""From match and sample to tags."""


def paired(
    champion: float = 0.8,
    challenger: float = 0.8,
    *,
    matches: int = 20,
    samples: int = 40,
    tags: TagsOf = lambda match, sample: (),
    challenger_on: Mapping[str, float] | None = None,
    match_spread: float = 0.05,
    seed: int = 0,
) -> PairedEvaluation:
    """Each model hits a sample with its rate, moved for each match by a spread of the match and of the model.

    challenger_on: the challenger's rate on the samples of some tags.
    """
    rng = np.random.default_rng(seed)
    rows: list[PairedSample] = []
    hits: tuple[list[Floats], list[Floats]] = [], []
    for match in range(matches):
        its_tags = [tags(match, sample) for sample in range(samples)]
        rows += [PairedSample((f"m{match:03d}", k), f"m{match:03d}", t, None) for k, t in enumerate(its_tags)]
        special = (challenger_on or {}).items()
        rates = [next((r for tag, r in special if tag in t), challenger) for t in its_tags]
        difficulty = rng.normal(0, 0.1)
        for model, rate in enumerate((np.full(samples, champion), np.array(rates))):
            moved = rate + difficulty + rng.normal(0, match_spread)
            hits[model].append((rng.random(samples) < moved).astype(float))
    return evaluation(rows, *(np.concatenate(each) for each in hits))


def evaluation(rows: Sequence[PairedSample], champion: Floats, challenger: Floats) -> PairedEvaluation:
    """Pair two arrays of hits, one a sample."""
    ones = np.ones(len(rows))
    models = RatioOfSums(champion, ones), RatioOfSums(challenger, ones)
    primary = PairedMetric("detection_rate", "higher", models, ones > 0)
    return PairedEvaluation("ball", rows, primary)
