"""What a context net is taught: when and whom the ball touches, every fact that is known, the decision."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from raasid.datasets.context.batch import NO_CONTACT, UNKNOWN, ContextBatch
from raasid.datasets.context.sample_meta import INCIDENT, INCIDENT_SIZES
from raasid.models.context.net import Logits, clamp_log, log_chances, mixed, split_facts
from raasid.models.context.offence import offence_chance

_EDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each term counts."""

    contact: float = 0.5
    side: float = 0.3
    facts: float = 0.5
    decision: float = 1.0
    direct: float = 0.3
    incident: float = 1.0


def losses(logits: Logits, batch: ContextBatch, weights: Weights) -> dict[str, Tensor]:
    """Every term, weighted; each a mean over the windows whose label is known."""
    places = logits.contact.shape[-1] - 1
    frames = batch.windows.valid.shape[1]
    contact = batch.contact
    if places == frames:  # one row, of nobody: the moment alone is asked
        contact = torch.where(contact >= 0, contact % frames, contact)
    contact = torch.where(contact == NO_CONTACT, places, contact)
    known = batch.offence != UNKNOWN
    truth = batch.offence.clamp_min(0).to(logits.offence)
    chance = mixture_offence(logits, batch.edition).clamp(_EDGE, 1 - _EDGE)
    decision = F.binary_cross_entropy(chance, truth, reduction="none")
    direct = F.binary_cross_entropy_with_logits(logits.offence, truth, reduction="none")
    return {
        "contact": weights.contact * _cross_entropy(logits.contact, contact),
        "side": weights.side * _cross_entropy(logits.side, batch.side),
        "facts": weights.facts * _facts(logits, batch.facts),
        "decision": weights.decision * _mean(decision, known),
        "direct": weights.direct * _mean(direct, known),
        **_incident(logits.incident, batch.incident, weights.incident),
    }


def _incident(logits: Tensor, truth: Tensor, weight: float) -> dict[str, Tensor]:
    """A term per label of an incident; none where the net has no such heads."""
    if not logits.shape[-1]:
        return {}
    blocks = zip(INCIDENT, torch.split(logits, list(INCIDENT_SIZES), -1), truth.unbind(-1), strict=True)
    return {name: weight * _cross_entropy(block, labels) for name, block, labels in blocks}


def mixture_offence(logits: Logits, edition: str, temperatures: Tensor | None = None) -> Tensor:
    """(B,) probability of an offence by an edition: the mean of the alternatives', by their weight."""
    each = offence_chance(log_chances(logits.facts, temperatures).exp(), edition)
    return (each * torch.softmax(logits.alternatives, -1)).sum(-1)


def _facts(logits: Logits, truth: Tensor) -> Tensor:
    """Negative log likelihood of all known facts of a window together."""
    blocks = split_facts(clamp_log(log_chances(logits.facts)))
    together = torch.zeros_like(logits.alternatives)
    for i, block in enumerate(blocks):
        known = truth[:, i] != UNKNOWN
        at = truth[:, i].clamp_min(0)[:, None, None].expand(-1, block.shape[1], 1)
        together = together + block.gather(-1, at)[..., 0] * known[:, None]
    return -mixed(together[..., None], logits.alternatives).mean()


def _cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    known = target != UNKNOWN
    return _mean(F.cross_entropy(logits, target.clamp_min(0), reduction="none"), known)


def _mean(values: Tensor, known: Tensor) -> Tensor:
    # not an index: an empty selection would have no gradient, and processes must agree on the graph
    return (values * known).sum() / known.sum().clamp_min(1)
