"""What a context model learns after its weights: how far to trust its chances, and when to say nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from raasid.datasets.context.batch import FACTS, UNKNOWN
from raasid.laws.decide import decide
from raasid.laws.edition_names import shipped_editions
from raasid.laws.facts import Facts
from raasid.models.context.losses import mixture_offence
from raasid.models.context.net import SIZES, Logits, log_chances, mixed, split_facts
from raasid.models.context.ood import Familiar, trust

_GRID = torch.linspace(-1.6, 1.6, 65).exp()
"""Temperatures that are tried: 0.2 to 5."""
_LEANING = 0.5
"""Standard deviation of the log temperature as we expect it: a handful of clips does not move it far."""
_EDGE = 1e-6


class Heard(NamedTuple):
    """What the net said about N windows, and what is true of them; on the CPU."""

    logits: Logits
    facts: Tensor
    """(N, facts) indices, UNKNOWN where nobody knows."""
    annotated: tuple[Facts, ...]


@dataclass(frozen=True)
class Calibration:
    """Fitted on the selection split; travels in the checkpoint as plain values."""

    facts: list[float] = field(default_factory=lambda: [1.0] * len(FACTS))
    """Temperature of each fact (Guo et al. 2017)."""
    offence: dict[str, float] = field(default_factory=dict)
    """Edition -> temperature of the log odds of an offence."""
    confidence: float = 0.5
    """Below it the model abstains."""
    given: Familiar = field(default_factory=Familiar)
    """What the net is given."""
    made: Familiar = field(default_factory=Familiar)
    """What its heads are given."""
    usual_facts: list[float] = field(default_factory=list)
    """Share of each value of each fact."""
    usual_offence: dict[str, float] = field(default_factory=dict)
    """Edition -> share of offences."""

    def state(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return asdict(self)

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Calibration:
        """The opposite of `state`."""
        familiar: dict[str, Any] = {
            name: Familiar(**state[name]) for name in ("given", "made") if name in state
        }
        return cls(**(state | familiar))

    def fact_chances(self, logits: Logits, trusted: Tensor) -> Tensor:
        """(B, sum of SIZES) calibrated probabilities of all values; where nothing is trusted, the usual ones.

        trusted: (B,) from 0 to 1.
        """
        said = self._fact_chances(logits)
        if not self.usual_facts:
            return said
        return trusted[:, None] * said + (1 - trusted[:, None]) * torch.tensor(self.usual_facts)

    def offence_chance(self, logits: Logits, edition: str, direct: bool, trusted: Tensor) -> Tensor:
        """(B,) calibrated probability of an offence; where nothing is trusted, the usual one."""
        said = torch.sigmoid(self._odds(logits, edition, direct) / self.offence.get(edition, 1.0))
        return trusted * said + (1 - trusted) * self.usual_offence.get(edition, 0.5)

    def trusted(self, logits: Logits) -> Tensor:
        """(B,) how much chances are worth: 1 for windows like those known so far, 0 for foreign ones."""
        return trust(self.strangeness(logits))

    def strangeness(self, logits: Logits) -> Tensor:
        """(B,) how far windows are from those known so far: from 1 on they are foreign."""
        return torch.maximum(self.given.strangeness(logits.traits), self.made.strangeness(logits.seen))

    def _fact_chances(self, logits: Logits) -> Tensor:
        warm = torch.tensor(self.facts)
        return mixed(log_chances(logits.facts, warm), logits.alternatives).exp()

    def _odds(self, logits: Logits, edition: str, direct: bool) -> Tensor:
        if direct:
            return logits.offence
        chance = mixture_offence(logits, edition, torch.tensor(self.facts)).clamp(_EDGE, 1 - _EDGE)
        return torch.logit(chance)

    @classmethod
    def fitted(cls, heard: Heard, edition: str, direct: bool, target_risk: float) -> Calibration:
        """Fit everything to what was said about the selection split.

        target_risk: share of wrong answers among those given that the model shall keep to.
        """
        blocks = split_facts(heard.logits.facts)
        warm = [
            _fact_temperature(block, heard.logits.alternatives, heard.facts[:, i])
            for i, block in enumerate(blocks)
        ]
        so_far = cls(facts=warm)
        temperatures, usual = {}, {}
        for name in shipped_editions():
            truth, known = _decisions(heard, name)
            odds = so_far._odds(heard.logits, name, direct)[known]
            temperatures[name] = _temperature(odds, truth[known])
            usual[name] = float(truth[known].sum() + 1) / (int(known.sum()) + 2)
        so_far = cls(
            warm,
            temperatures,
            given=Familiar.of(heard.logits.traits),
            made=Familiar.of(heard.logits.seen),
            usual_facts=_usual_facts(heard.facts),
            usual_offence=usual,
        )
        truth, known = _decisions(heard, edition)
        trusted = so_far.trusted(heard.logits)
        chance = so_far.offence_chance(heard.logits, edition, direct, trusted)[known]
        right = (chance >= 0.5) == (truth[known] > 0.5)
        needed = confidence_needed(torch.maximum(chance, 1 - chance), right, target_risk)
        return replace(so_far, confidence=needed)


def confidence_needed(confidence: Tensor, right: Tensor, target_risk: float) -> float:
    """The lowest confidence from which on answers keep to a risk, on a risk-coverage curve.

    confidence, right: (N,). The risk of the n most confident answers, e of them wrong, is taken as
    (e + 1) / (n + 2) (Laplace), so that two lucky clips are no proof. Where no part of them keeps to the
    target, only answers as sure as the surest are given. 0.5 for no clips at all: nothing is known.
    Source: El-Yaniv and Wiener 2010, on the foundations of noise-free selective classification.
    """
    if not len(confidence):
        return 0.5
    ranked, order = confidence.sort(descending=True, stable=True)
    wrong = (~right[order]).float().cumsum(0)
    count = torch.arange(1, len(ranked) + 1)
    keeps = torch.nonzero((wrong + 1) / (count + 2) <= target_risk)
    if not len(keeps):
        return float(ranked[0])
    at = int(keeps[-1])
    # everything was answered well enough: there is nothing to hold back
    return 0.5 if at == len(ranked) - 1 else float((ranked[at] + ranked[at + 1]) / 2)


def _decisions(heard: Heard, edition: str) -> tuple[Tensor, Tensor]:
    said = [decide(facts, edition).decision for facts in heard.annotated]
    known = torch.tensor([decision is not None for decision in said], dtype=torch.bool)
    return torch.tensor([float(decision == "offence") for decision in said]), known


def _usual_facts(truth: Tensor) -> list[float]:
    """Shares of values (N, facts), each as if it had been seen once more."""
    shares: list[float] = []
    for i, size in enumerate(SIZES):
        counts = torch.bincount(truth[truth[:, i] != UNKNOWN, i], minlength=size) + 1.0
        shares += (counts / counts.sum()).tolist()
    return shares


def _temperature(odds: Tensor, truth: Tensor) -> float:
    if not len(odds):
        return 1.0
    tried = odds[None] / _GRID[:, None]
    loss = F.binary_cross_entropy_with_logits(tried, truth.expand_as(tried), reduction="none").sum(1)
    return _best(loss)


def _fact_temperature(block: Tensor, alternatives: Tensor, truth: Tensor) -> float:
    known = truth != UNKNOWN
    if not bool(known.any()):
        return 1.0
    block, alternatives, truth = block[known], alternatives[known], truth[known]
    losses = []
    for warm in _GRID.tolist():
        said = mixed(torch.log_softmax(block / warm, -1), alternatives)
        losses.append(F.nll_loss(said, truth, reduction="sum"))
    return _best(torch.stack(losses))


def _best(loss: Tensor) -> float:
    return float(_GRID[int((loss + (_GRID.log() / _LEANING).square() / 2).argmin())])
