"""How far a window is from those that a model has been measured on: its chances hold for such alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from raasid.models.context.features import Features

FEW = 16
"""Of a window's traits, those that are farthest off: a foreign camera shows in a few of hundreds."""
_WORST = 20.0
_NARROWEST = 0.05
_USUAL = 0.99
_ROOM = 1.5
"""Windows of the selection split within which `_USUAL` of them lie, and how much farther foreign begins."""


def traits(described: Features) -> Tensor:
    """(B, 2 F): mean and spread over time of what is known of the player next to the ball."""
    values, valid = described.values[:, 0], described.valid[:, 0, :, None]
    count = valid.sum(1).clamp_min(1)
    mean = (values * valid).sum(1) / count
    spread = (((values - mean[:, None]) ** 2 * valid).sum(1) / count).clamp_min(1e-12).sqrt()
    return torch.cat([mean, spread], -1)


@dataclass(frozen=True)
class Familiar:
    """Where values of one kind lie, of windows that are known; plain values, for a checkpoint."""

    centre: list[float] = field(default_factory=list)
    spread: list[float] = field(default_factory=list)
    foreign: float = float("inf")
    """From this distance on a window is unlike anything known."""

    @classmethod
    def of(cls, values: Tensor) -> Familiar:
        """Measured on (N, D) values, N > 0.

        How far off windows usually are is told by each half of them from where the other half lies: among
        hundreds of traits, those that a window was measured by itself flatter it.
        """
        known = cls._around(values)
        halves = values[::2], values[1::2]
        apart = [cls._around(a).distance(b) for a, b in (halves, halves[::-1]) if len(a) > 1]
        usual = float((torch.cat(apart) if apart else known.distance(values)).quantile(_USUAL))
        return cls(known.centre, known.spread, _ROOM * max(1.0, usual))

    @classmethod
    def _around(cls, values: Tensor) -> Familiar:
        spread = values.std(0) if len(values) > 1 else torch.ones_like(values[0])
        return cls(values.mean(0).tolist(), spread.clamp_min(_NARROWEST).tolist())

    def distance(self, values: Tensor) -> Tensor:
        """(B, D) -> (B,): how many spreads off the `FEW` values are that are farthest from the centre."""
        if not self.centre:
            return values[:, 0] * 0  # as many as there are, in an exported graph too
        off = (values - torch.tensor(self.centre)) / torch.tensor(self.spread)
        few = min(FEW, off.shape[1])
        return off.abs().clamp_max(_WORST).topk(few, -1).values.mean(-1)

    def strangeness(self, values: Tensor) -> Tensor:
        """(B, D) -> (B,): the distance as a share of where foreign begins; 0 before anything was measured."""
        return self.distance(values) / self.foreign


def trust(strangeness: Tensor) -> Tensor:
    """(B,): 1 for whatever is usual, falling to 0 where foreign begins."""
    return ((1 - strangeness) / (1 - 1 / _ROOM)).clamp(0, 1)
