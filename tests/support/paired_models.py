"""Two simulated models on the same samples of some matches, for the gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from raasid.evaluation.paired import PairedEvaluation, PairedMetric, PairedSample
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
    rows, hits = [], ([], [])
    for match in range(matches):
        difficulty = rng.normal(0, 0.1)
        own = [rng.normal(0, match_spread) for _ in range(2)]
        for sample in range(samples):
            its_tags = tags(match, sample)
            rates = [
                champion,
                next((r for t, r in (challenger_on or {}).items() if t in its_tags), challenger),
            ]
            rows.append(PairedSample((f"m{match:03d}", sample), f"m{match:03d}", its_tags, None))
            for model in range(2):
                hits[model].append(rng.random() < np.clip(rates[model] + difficulty + own[model], 0, 1))
    return evaluation(rows, *(np.array(each, float) for each in hits))


def evaluation(rows, champion, challenger, others=None, **more) -> PairedEvaluation:
    """Pair two arrays of hits, one a sample."""
    ones = np.ones(len(rows))
    models = RatioOfSums(champion, ones), RatioOfSums(challenger, ones)
    primary = PairedMetric("detection_rate", "higher", models, ones > 0)
    return PairedEvaluation("ball", rows, primary, others or {}, **more)
