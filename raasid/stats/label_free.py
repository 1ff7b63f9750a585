"""Accuracy estimated without labels, from calibrated probabilities of the decisions.

Of decisions that were made with calibrated probabilities p_i, the expected share of correct ones is the mean
of p_i. Source: confidence-based performance estimation (CBPE), NannyML's documentation, "Performance
estimation"; as average confidence a baseline of Garg et al., ICLR 2022 (arXiv:2201.04234), and of Guillory et
al., ICCV 2021, who show its limit: a shift that makes a model overconfident makes the estimate too high. It
holds if the probabilities are calibrated on the very samples that it is about, which only labels can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raasid.stats.bootstrap import NUM_RESAMPLES, Estimate, Floats, Resampling, safe_divide

_BLOCK = 200
"""Resamples whose outcomes are in memory at once."""


class CalibratedAnswers(NamedTuple):
    """The decisions of a model in N samples."""

    confidence: Floats
    """(N,) calibrated probability of the decision, in [0, 1]."""
    answered: NDArray[np.bool_]
    """(N,) False where the model abstained."""
    labelled: NDArray[np.bool_]
    """(N,) whether it is known which decision is correct."""
    matches: list[str]
    """The match of each sample."""


class LabelFreeEstimate(NamedTuple):
    """What the probabilities say about the decisions that were given."""

    accuracy: Estimate
    """Expected share of correct ones among them."""
    coverage: Estimate
    """Share of the samples in which a decision was given."""


def expected_accuracy(
    confidence: Floats,
    answered: NDArray[np.bool_],
    matches: Sequence[str],
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
) -> LabelFreeEstimate:
    """Estimate the accuracy of N decisions by their calibrated probabilities.

    confidence: (N,) probability of the decision in [0, 1]. answered: (N,) False where the model abstained;
    these are left out. matches: (N,) the match of each sample.
    The interval is about as wide as labels would make it: each resample of whole matches also draws which
    decisions are correct, by their probabilities. Outcomes are drawn independently: where the errors of a
    match come together, it is too narrow. The value and the interval are NaN if nothing was answered.
    """
    order = np.lexsort((confidence, answered, np.asarray(matches, dtype=str)))
    confidence, answered = confidence[order].astype(np.float64), answered[order].astype(np.float64)
    draw = Resampling.draw([matches[i] for i in order], seed, "clip", num_resamples)
    rng = np.random.default_rng([seed, 1])
    accuracy, coverage = [], []
    for at in range(0, num_resamples, _BLOCK):
        weights = draw.weights[at : at + _BLOCK, draw.unit_of_row]
        given = weights * answered
        correct = rng.binomial(given.astype(np.int64), confidence)
        accuracy.append(safe_divide(correct.sum(axis=1).astype(float), given.sum(axis=1)))
        coverage.append(safe_divide(given.sum(axis=1), weights.sum(axis=1)))
    mean = safe_divide(np.array((answered * confidence).sum()), np.array(answered.sum()))
    share = safe_divide(np.array(answered.sum()), np.array(float(len(answered))))
    return LabelFreeEstimate(
        draw.estimate(float(mean), np.concatenate(accuracy)),
        draw.estimate(float(share), np.concatenate(coverage)),
    )
