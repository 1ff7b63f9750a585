"""Transformer from the feature rows of each player to logits of contact, side and facts."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from raasid.datasets.context.batch import SIDES
from raasid.datasets.context.sample_meta import INCIDENT_SIZES
from raasid.laws.facts import fact_values
from raasid.models.context.features import Features
from raasid.models.context.ood import window_statistics

FACT_SIZES = tuple(len(values) for values in fact_values().values())
"""Number of values of each fact."""


class Logits(NamedTuple):
    """Outputs for B windows of K players and T frames, with M alternatives."""

    contact: Tensor
    """(B, K * T + 1): player and frame of the contact; the last is no contact."""
    side: Tensor
    """(B, 3)."""
    facts: Tensor
    """(B, M, sum of FACT_SIZES): one block per fact."""
    alternatives: Tensor
    """(B, M) weights of the mixture."""
    offence: Tensor
    """(B,) of the direct head."""
    embedding: Tensor
    """(B, D) input of the heads."""
    input_statistics: Tensor
    """(B, D') summary of the net's input; this and the embedding give the out-of-distribution score."""
    incident: Tensor
    """(B, sum of INCIDENT_SIZES) of the heads for an incident's labels; (B, 0) without them."""


class ContextNet(nn.Module):
    """One transformer reads the frames of each player (Vaswani et al. 2017, pre-norm); the heads read its
    output at the likely contact and two learned summaries.

    Unknown facts are not independent given the clip: the heads give a mixture of M alternatives (mixture
    density network, Bishop 1994), within each of which facts are independent.
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
        self.input_projection = nn.Conv1d(features, width, 3, padding=1)
        self.position_embedding = nn.Parameter(torch.randn(frames, width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.contact_head = nn.Linear(width, 1)
        self.no_contact_head = nn.Linear(width, 1)
        self.summary_queries = nn.Linear(width, 2)
        self.neck = nn.Sequential(nn.Linear(4 * width, 2 * width), nn.GELU(), nn.Dropout(dropout))
        self.side_head = nn.Linear(2 * width, len(SIDES))
        self.fact_head = nn.Linear(2 * width, alternatives * sum(FACT_SIZES))
        self.alternative_head = nn.Linear(2 * width, alternatives)
        self.offence_head = nn.Linear(2 * width, 1)
        self.incident_head = nn.Linear(2 * width, sum(INCIDENT_SIZES)) if incident else None

    def forward(self, features: Features) -> Logits:
        """Return the logits of B windows of K players and T frames."""
        values, valid = features.values, features.valid
        batch, players, frames, _ = values.shape
        rows = values.flatten(0, 1) * valid.flatten(0, 1)[..., None]
        projected = self.input_projection(rows.transpose(1, 2)).transpose(1, 2)
        tokens = torch.nn.functional.gelu(projected) + self.position_embedding
        # a row without any valid frame would attend to nothing: it attends to itself, and is masked below
        hidden = ~valid.flatten(0, 1)
        hidden = hidden & hidden.any(-1, keepdim=True) & ~hidden.all(-1, keepdim=True)
        tokens = self.encoder(tokens, src_key_padding_mask=hidden)
        tokens = tokens.reshape(batch, players * frames, self.width)
        visible = valid.flatten(1)
        any_visible = visible.any(-1, keepdim=True)
        low = torch.finfo(tokens.dtype).min / 4
        contact = self.contact_head(tokens)[..., 0].masked_fill(~visible, low)
        at_contact = _attend(contact, tokens, any_visible)
        queries = self.summary_queries(tokens).masked_fill(~visible[..., None], low)
        summaries = [_attend(queries[..., i], tokens, any_visible) for i in range(2)]
        mean = (tokens * visible[..., None]).sum(1) / visible.sum(1, keepdim=True).clamp_min(1)
        embedding = self.neck(torch.cat([at_contact, *summaries, mean], -1))
        return Logits(
            contact=torch.cat([contact, self.no_contact_head(summaries[0])], -1),
            side=self.side_head(embedding),
            facts=self.fact_head(embedding).reshape(batch, self.alternatives, -1),
            alternatives=self.alternative_head(embedding),
            offence=self.offence_head(embedding)[..., 0],
            embedding=embedding,
            input_statistics=window_statistics(features),
            incident=embedding[:, :0] if self.incident_head is None else self.incident_head(embedding),
        )


def _attend(logits: Tensor, tokens: Tensor, any_visible: Tensor) -> Tensor:
    weight = torch.softmax(logits, -1) * any_visible
    return (weight[..., None] * tokens).sum(1)


def split_facts(values: Tensor) -> tuple[Tensor, ...]:
    """(..., sum of FACT_SIZES) -> one block per fact."""
    return torch.split(values, list(FACT_SIZES), -1)


def log_probabilities(logits: Tensor, temperatures: Tensor | None = None) -> Tensor:
    """(..., sum of FACT_SIZES) logits -> log probabilities: softmax per fact, at the fact's temperature."""
    blocks = split_facts(logits)
    each = temperatures.unbind() if temperatures is not None else [torch.ones(())] * len(blocks)
    return torch.cat([torch.log_softmax(b / t.to(b), -1) for b, t in zip(blocks, each, strict=True)], -1)


def log_mixture(log_each: Tensor, alternatives: Tensor) -> Tensor:
    """(B, M, …) log probabilities and (B, M) logits of the alternatives -> (B, …) log of the mixture."""
    weight = torch.log_softmax(alternatives, -1)
    return torch.logsumexp(log_each + weight.reshape(*weight.shape, *[1] * (log_each.ndim - 2)), 1)


def clamp_log_probabilities(values: Tensor) -> Tensor:
    """Keep log probabilities above that of one in a million."""
    return values.clamp_min(math.log(1e-6))
