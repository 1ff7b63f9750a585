"""The net: frames of each player to tokens, tokens to contact and facts."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from raasid.datasets.context.batch import SIDES
from raasid.datasets.context.sample_meta import INCIDENT_SIZES
from raasid.laws.facts import fact_values
from raasid.models.context.features import Features
from raasid.models.context.ood import traits

SIZES = tuple(len(values) for values in fact_values().values())
"""How many values each fact has."""


class Logits(NamedTuple):
    """B windows of K players and T frames; M alternatives."""

    contact: Tensor
    """(B, K * T + 1): which player when; the last is nobody."""
    side: Tensor
    """(B, 3)"""
    facts: Tensor
    """(B, M, sum of SIZES): one block per fact."""
    alternatives: Tensor
    """(B, M)"""
    offence: Tensor
    """(B,) of the direct head."""
    seen: Tensor
    """(B, D) what the heads were given."""
    traits: Tensor
    """(B, D') what the net was given, in short; both say how foreign a window is."""
    incident: Tensor
    """(B, sum of INCIDENT_SIZES) of the heads for an incident's labels; (B, 0) without them."""


class ContextNet(nn.Module):
    """Each player's frames are read by one transformer (Vaswani et al. 2017, pre-norm); what it found at the
    likely moment of contact, and two learned summaries, tell the facts.

    Facts that were never seen together are not independent given the clip: the heads give a mixture of M
    alternatives (mixture density, Bishop 1994), within each of which facts are independent.
    """

    def __init__(
        self,
        features: int,
        frames: int,
        width: int,
        layers: int,
        heads: int,
        alternatives: int,
        dropout: float,
        incident: bool = False,
    ) -> None:
        super().__init__()
        self.alternatives, self.width = alternatives, width
        self.into = nn.Conv1d(features, width, 3, padding=1)
        self.place = nn.Parameter(torch.randn(frames, width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.touch = nn.Linear(width, 1)
        self.nobody = nn.Linear(width, 1)
        self.asks = nn.Linear(width, 2)
        self.neck = nn.Sequential(nn.Linear(4 * width, 2 * width), nn.GELU(), nn.Dropout(dropout))
        self.side = nn.Linear(2 * width, len(SIDES))
        self.facts = nn.Linear(2 * width, alternatives * sum(SIZES))
        self.which = nn.Linear(2 * width, alternatives)
        self.direct = nn.Linear(2 * width, 1)
        self.incident = nn.Linear(2 * width, sum(INCIDENT_SIZES)) if incident else None

    def forward(self, described: Features) -> Logits:
        """What is said of B windows of K players over T frames."""
        values, valid = described.values, described.valid
        batch, players, frames, _ = values.shape
        rows = values.flatten(0, 1) * valid.flatten(0, 1)[..., None]
        tokens = torch.nn.functional.gelu(self.into(rows.transpose(1, 2)).transpose(1, 2)) + self.place
        # a row without anything would attend to nothing: it attends to itself, and is not listened to
        hidden = ~valid.flatten(0, 1)
        hidden = hidden & hidden.any(-1, keepdim=True) & ~hidden.all(-1, keepdim=True)
        tokens = self.body(tokens, src_key_padding_mask=hidden)
        tokens = tokens.reshape(batch, players * frames, self.width)
        there = valid.flatten(1)
        some = there.any(-1, keepdim=True)
        low = torch.finfo(tokens.dtype).min / 4
        touch = self.touch(tokens)[..., 0].masked_fill(~there, low)
        at_touch = _gather(touch, tokens, some)
        asked = self.asks(tokens).masked_fill(~there[..., None], low)
        summaries = [_gather(asked[..., i], tokens, some) for i in range(2)]
        mean = (tokens * there[..., None]).sum(1) / there.sum(1, keepdim=True).clamp_min(1)
        seen = self.neck(torch.cat([at_touch, *summaries, mean], -1))
        return Logits(
            contact=torch.cat([touch, self.nobody(summaries[0])], -1),
            side=self.side(seen),
            facts=self.facts(seen).reshape(batch, self.alternatives, -1),
            alternatives=self.which(seen),
            offence=self.direct(seen)[..., 0],
            seen=seen,
            traits=traits(described),
            incident=self.incident(seen) if self.incident is not None else seen[:, :0],
        )


def _gather(logits: Tensor, tokens: Tensor, some: Tensor) -> Tensor:
    weight = torch.softmax(logits, -1) * some
    return (weight[..., None] * tokens).sum(1)


def split_facts(values: Tensor) -> tuple[Tensor, ...]:
    """(..., sum of SIZES) -> a block per fact."""
    return torch.split(values, list(SIZES), -1)


def log_chances(logits: Tensor, temperatures: Tensor | None = None) -> Tensor:
    """Log probabilities of all values of all facts: softmax within each block, at each fact's temperature."""
    blocks = split_facts(logits)
    warm = temperatures.unbind() if temperatures is not None else [torch.ones(())] * len(blocks)
    return torch.cat([torch.log_softmax(b / t.to(b), -1) for b, t in zip(blocks, warm, strict=True)], -1)


def mixed(log_each: Tensor, alternatives: Tensor) -> Tensor:
    """Log of the mixture: (B, M, …) and (B, M) logits -> (B, …)."""
    weight = torch.log_softmax(alternatives, -1)
    return torch.logsumexp(log_each + weight.reshape(*weight.shape, *[1] * (log_each.ndim - 2)), 1)


def clamp_log(values: Tensor) -> Tensor:
    """Log probabilities kept above that of one in a million."""
    return values.clamp_min(math.log(1e-6))
