"""Training loss of a context net: contact, side, every known fact, and the decision."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from raasid.datasets.context.batch import NO_CONTACT, UNKNOWN, ContextBatch
from raasid.datasets.context.sample_meta import INCIDENT, INCIDENT_SIZES
from raasid.models.context.net import (
    Logits,
    clamp_log_probabilities,
    log_mixture,
    log_probabilities,
    split_facts,
)
from raasid.models.context.offence import offence_probability

_EPS = 1e-4


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weight of each term."""

    contact: float = 0.5
    side: float = 0.3
    facts: float = 0.5
    decision: float = 1.0
    direct: float = 0.3
    incident: float = 1.0


def context_losses(logits: Logits, batch: ContextBatch, weights: LossWeights) -> dict[str, Tensor]:
    """Return the weighted terms; each a mean over the windows whose label is known."""
    no_contact = logits.contact.shape[-1] - 1
    frames = batch.windows.valid.shape[1]
    contact = batch.contact
    if no_contact == frames:  # the ball alone: the net predicts the frame, but not the player
        contact = torch.where(contact >= 0, contact % frames, contact)
    contact = torch.where(contact == NO_CONTACT, no_contact, contact)
    known = batch.offence != UNKNOWN
    truth = batch.offence.clamp_min(0).to(logits.offence)
    probability = mixture_offence_probability(logits, batch.edition).clamp(_EPS, 1 - _EPS)
    decision = F.binary_cross_entropy(probability, truth, reduction="none")
    direct = F.binary_cross_entropy_with_logits(logits.offence, truth, reduction="none")
    return {
        "contact": weights.contact * _cross_entropy(logits.contact, contact),
        "side": weights.side * _cross_entropy(logits.side, batch.side),
        "facts": weights.facts * _fact_loss(logits, batch.facts),
        "decision": weights.decision * _masked_mean(decision, known),
        "direct": weights.direct * _masked_mean(direct, known),
        **_incident_losses(logits.incident, batch.incident, weights.incident),
    }


def mixture_offence_probability(logits: Logits, edition: str, temperatures: Tensor | None = None) -> Tensor:
    """(B,) probability of an offence by an edition: the weighted mean over the alternatives."""
    each = offence_probability(log_probabilities(logits.facts, temperatures).exp(), edition)
    return (each * torch.softmax(logits.alternatives, -1)).sum(-1)


def _incident_losses(logits: Tensor, truth: Tensor, weight: float) -> dict[str, Tensor]:
    """One term per label of an incident; none if the net has no such heads."""
    if not logits.shape[-1]:
        return {}
    blocks = zip(INCIDENT, torch.split(logits, list(INCIDENT_SIZES), -1), truth.unbind(-1), strict=True)
    return {name: weight * _cross_entropy(block, labels) for name, block, labels in blocks}


def _fact_loss(logits: Logits, truth: Tensor) -> Tensor:
    """Negative log likelihood of all known facts of a window together."""
    blocks = split_facts(clamp_log_probabilities(log_probabilities(logits.facts)))
    joint = torch.zeros_like(logits.alternatives)
    for i, block in enumerate(blocks):
        known = truth[:, i] != UNKNOWN
        index = truth[:, i].clamp_min(0)[:, None, None].expand(-1, block.shape[1], 1)
        joint = joint + block.gather(-1, index)[..., 0] * known[:, None]
    return -log_mixture(joint[..., None], logits.alternatives).mean()


def _cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    known = target != UNKNOWN
    return _masked_mean(F.cross_entropy(logits, target.clamp_min(0), reduction="none"), known)


def _masked_mean(values: Tensor, known: Tensor) -> Tensor:
    # not an index: an empty selection would have no gradient, and processes must agree on the graph
    return (values * known).sum() / known.sum().clamp_min(1)
