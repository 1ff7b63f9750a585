"""Calibration of a context model: temperatures, in-distribution models and the abstention threshold."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from raasid.datasets.context.batch import FACTS, UNKNOWN
from raasid.laws.decide import decide
from raasid.laws.edition_lookup import shipped_editions
from raasid.laws.facts import Facts
from raasid.models.context.losses import mixture_offence_probability
from raasid.models.context.net import FACT_SIZES, Logits, log_mixture, log_probabilities, split_facts
from raasid.models.context.ood import InDistributionModel, in_distribution_weight

_TEMPERATURES = torch.linspace(-1.6, 1.6, 65).exp()
"""Candidates, from 0.2 to 5."""
_PRIOR_STD = 0.5
"""Standard deviation of the log temperature a priori: a handful of clips hardly moves it."""
_EPS = 1e-6


class ValidationOutputs(NamedTuple):
    """Outputs of the net for N windows with their annotations; on the CPU."""

    logits: Logits
    facts: Tensor
    """(N, facts) indices of the annotated values, UNKNOWN where a fact is not annotated."""
    annotated: tuple[Facts, ...]


@dataclass(frozen=True)
class Calibration:
    """Fitted on the selection split; stored in the checkpoint as plain values.

    Out of distribution, probabilities are pulled towards the priors of the selection split.
    """

    fact_temperatures: list[float] = field(default_factory=lambda: [1.0] * len(FACTS))
    """One per fact (Guo et al. 2017)."""
    offence_temperatures: dict[str, float] = field(default_factory=dict)
    """Edition -> temperature of the log odds of an offence."""
    min_confidence: float = 0.5
    """The model abstains below it."""
    inputs: InDistributionModel = field(default_factory=InDistributionModel)
    """Of the net's input."""
    embeddings: InDistributionModel = field(default_factory=InDistributionModel)
    """Of the heads' input."""
    fact_priors: list[float] = field(default_factory=list)
    """Relative frequency of each value of each fact."""
    offence_priors: dict[str, float] = field(default_factory=dict)
    """Edition -> share of offences."""

    def to_state(self) -> dict[str, Any]:
        """Return plain values, for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Calibration:
        """Invert `to_state`. Raises TypeError for keys of another version."""
        models: dict[str, Any] = {
            key: InDistributionModel(**state[key]) for key in ("inputs", "embeddings") if key in state
        }
        return cls(**(state | models))

    def fact_probabilities(self, logits: Logits, weight: Tensor) -> Tensor:
        """(B, sum of FACT_SIZES) calibrated probabilities of all values of all facts.

        weight: (B,) `in_distribution_weight` of each window.
        """
        predicted = self._fact_probabilities(logits)
        if not self.fact_priors:
            return predicted
        return weight[:, None] * predicted + (1 - weight[:, None]) * torch.tensor(self.fact_priors)

    def offence_probability(self, logits: Logits, edition: str, direct: bool, weight: Tensor) -> Tensor:
        """(B,) calibrated probability of an offence.

        direct: by the net's own offence head, instead of by the facts. weight: as in `fact_probabilities`.
        """
        temperature = self.offence_temperatures.get(edition, 1.0)
        predicted = torch.sigmoid(self._offence_log_odds(logits, edition, direct) / temperature)
        return weight * predicted + (1 - weight) * self.offence_priors.get(edition, 0.5)

    def in_distribution_weight(self, logits: Logits) -> Tensor:
        """(B,) weight of the predicted probabilities against the priors: 0 is out of distribution."""
        return in_distribution_weight(self.ood_score(logits))

    def ood_score(self, logits: Logits) -> Tensor:
        """(B,) distance from known windows; from 1 on a window is out of distribution."""
        return torch.maximum(
            self.inputs.ood_score(logits.input_statistics), self.embeddings.ood_score(logits.embedding)
        )

    def _fact_probabilities(self, logits: Logits) -> Tensor:
        temperatures = torch.tensor(self.fact_temperatures)
        return log_mixture(log_probabilities(logits.facts, temperatures), logits.alternatives).exp()

    def _offence_log_odds(self, logits: Logits, edition: str, direct: bool) -> Tensor:
        if direct:
            return logits.offence
        temperatures = torch.tensor(self.fact_temperatures)
        probability = mixture_offence_probability(logits, edition, temperatures).clamp(_EPS, 1 - _EPS)
        return torch.logit(probability)

    @classmethod
    def fit(cls, outputs: ValidationOutputs, edition: str, direct: bool, target_risk: float) -> Calibration:
        """Fit everything to the outputs for the selection split.

        target_risk: share of wrong answers among those given that abstention has to keep to.
        """
        blocks = split_facts(outputs.logits.facts)
        fact_temperatures = [
            _fact_temperature(block, outputs.logits.alternatives, outputs.facts[:, i])
            for i, block in enumerate(blocks)
        ]
        calibration = cls(fact_temperatures=fact_temperatures)
        temperatures, priors = {}, {}
        for name in shipped_editions():
            truth, known = _decisions(outputs, name)
            odds = calibration._offence_log_odds(outputs.logits, name, direct)[known]
            temperatures[name] = _offence_temperature(odds, truth[known])
            priors[name] = float(truth[known].sum() + 1) / (int(known.sum()) + 2)
        calibration = cls(
            fact_temperatures,
            temperatures,
            inputs=InDistributionModel.fit(outputs.logits.input_statistics),
            embeddings=InDistributionModel.fit(outputs.logits.embedding),
            fact_priors=_fact_priors(outputs.facts),
            offence_priors=priors,
        )
        truth, known = _decisions(outputs, edition)
        weight = calibration.in_distribution_weight(outputs.logits)
        probability = calibration.offence_probability(outputs.logits, edition, direct, weight)[known]
        correct = (probability >= 0.5) == (truth[known] > 0.5)
        confidence = torch.maximum(probability, 1 - probability)
        return replace(calibration, min_confidence=min_confidence_for_risk(confidence, correct, target_risk))


def min_confidence_for_risk(confidence: Tensor, correct: Tensor, target_risk: float) -> float:
    """Return the lowest confidence from which on answers keep to a risk, on a risk-coverage curve.

    confidence, correct: (N,). The risk of the n most confident answers, e of them wrong, is estimated as
    (e + 1) / (n + 2) (Laplace), so that two lucky clips prove nothing. If no number of answers keeps to the
    target, only answers as confident as the most confident one are given. 0.5 for N = 0.
    Source: El-Yaniv and Wiener 2010, on the foundations of noise-free selective classification.
    """
    if not len(confidence):
        return 0.5
    ranked, order = confidence.sort(descending=True, stable=True)
    wrong = (~correct[order]).float().cumsum(0)
    count = torch.arange(1, len(ranked) + 1)
    keeps = torch.nonzero((wrong + 1) / (count + 2) <= target_risk)
    if not len(keeps):
        return float(ranked[0])
    last = int(keeps[-1])
    # all answers together keep to the target: the model never needs to abstain
    return 0.5 if last == len(ranked) - 1 else float((ranked[last] + ranked[last + 1]) / 2)


def _decisions(outputs: ValidationOutputs, edition: str) -> tuple[Tensor, Tensor]:
    """(N,) 1.0 for an offence by the annotated facts, and (N,) whether they decide."""
    decisions = [decide(facts, edition).decision for facts in outputs.annotated]
    known = torch.tensor([decision is not None for decision in decisions], dtype=torch.bool)
    return torch.tensor([float(decision == "offence") for decision in decisions]), known


def _fact_priors(facts: Tensor) -> list[float]:
    """Relative frequencies of the values in (N, facts), each counted once more (Laplace)."""
    shares: list[float] = []
    for i, size in enumerate(FACT_SIZES):
        counts = torch.bincount(facts[facts[:, i] != UNKNOWN, i], minlength=size) + 1.0
        shares += (counts / counts.sum()).tolist()
    return shares


def _offence_temperature(log_odds: Tensor, truth: Tensor) -> float:
    if not len(log_odds):
        return 1.0
    cooled = log_odds[None] / _TEMPERATURES[:, None]
    loss = F.binary_cross_entropy_with_logits(cooled, truth.expand_as(cooled), reduction="none").sum(1)
    return _best_temperature(loss)


def _fact_temperature(block: Tensor, alternatives: Tensor, truth: Tensor) -> float:
    known = truth != UNKNOWN
    if not bool(known.any()):
        return 1.0
    block, alternatives, truth = block[known], alternatives[known], truth[known]
    losses = []
    for temperature in _TEMPERATURES.tolist():
        log_p = log_mixture(torch.log_softmax(block / temperature, -1), alternatives)
        losses.append(F.nll_loss(log_p, truth, reduction="sum"))
    return _best_temperature(torch.stack(losses))


def _best_temperature(loss: Tensor) -> float:
    """Maximum a posteriori: `loss` is the negative log likelihood at each candidate."""
    return float(_TEMPERATURES[int((loss + (_TEMPERATURES.log() / _PRIOR_STD).square() / 2).argmin())])
