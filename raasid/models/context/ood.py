"""Out-of-distribution score of a window; calibrated probabilities are only valid in distribution."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from raasid.models.context.features import Features

NUM_FARTHEST = 16
"""Statistics that count, those farthest from the mean: an unknown camera shows in a few of hundreds."""
_MAX_DEVIATION = 20.0
_MIN_STD = 0.05
_QUANTILE = 0.99
"""Of the selection split's windows, the share that certainly counts as in distribution."""
_MARGIN = 1.5
"""Distance at which a window is out of distribution, over the distance of that quantile."""


def window_statistics(features: Features) -> Tensor:
    """(B, 2 F): mean and standard deviation over time of the features of the player next to the ball."""
    values, valid = features.values[:, 0], features.valid[:, 0, :, None]
    count = valid.sum(1).clamp_min(1)
    mean = (values * valid).sum(1) / count
    spread = (((values - mean[:, None]) ** 2 * valid).sum(1) / count).clamp_min(1e-12).sqrt()
    return torch.cat([mean, spread], -1)


@dataclass(frozen=True)
class InDistributionModel:
    """Mean and standard deviation of D statistics over known windows; plain values, for a checkpoint."""

    mean: list[float] = field(default_factory=list)
    std: list[float] = field(default_factory=list)
    max_distance: float = float("inf")
    """From this distance on a window is out of distribution."""

    @classmethod
    def fit(cls, values: Tensor) -> InDistributionModel:
        """Fit to (N, D) statistics, N > 0.

        The distance of known windows is measured between halves: each half from the mean of the other. Among
        hundreds of statistics, windows would look too close to a mean that they are part of.
        """
        known = cls._standardization(values)
        halves = values[::2], values[1::2]
        apart = [cls._standardization(a).distance(b) for a, b in (halves, halves[::-1]) if len(a) > 1]
        quantile = float((torch.cat(apart) if apart else known.distance(values)).quantile(_QUANTILE))
        return cls(known.mean, known.std, _MARGIN * max(1.0, quantile))

    @classmethod
    def _standardization(cls, values: Tensor) -> InDistributionModel:
        std = values.std(0) if len(values) > 1 else torch.ones_like(values[0])
        return cls(values.mean(0).tolist(), std.clamp_min(_MIN_STD).tolist())

    def distance(self, values: Tensor) -> Tensor:
        """(B, D) -> (B,): mean deviation of the `NUM_FARTHEST` statistics, in standard deviations."""
        if not self.mean:
            return values[:, 0] * 0  # one zero per row, in an exported graph too
        deviation = (values - torch.tensor(self.mean)) / torch.tensor(self.std)
        count = min(NUM_FARTHEST, deviation.shape[1])
        return deviation.abs().clamp_max(_MAX_DEVIATION).topk(count, -1).values.mean(-1)

    def ood_score(self, values: Tensor) -> Tensor:
        """(B, D) -> (B,): distance over the largest allowed one; 0 before anything was fitted."""
        return self.distance(values) / self.max_distance


def in_distribution_weight(ood_score: Tensor) -> Tensor:
    """(B,): 1 up to the distance of most known windows, then falling to 0 at an `ood_score` of 1."""
    return ((1 - ood_score) / (1 - 1 / _MARGIN)).clamp(0, 1)
