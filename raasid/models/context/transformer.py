"""Judges a touch by a transformer over the tracks of the ball and of the players next to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import torch
import torch.distributed
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor

from raasid.datasets.context.batch import FACTS, ContextBatch, Windows, fact_indices, stack
from raasid.datasets.context.sample_meta import ClipRef
from raasid.datasets.context.window import Window
from raasid.laws.facts import Facts, fact_values
from raasid.models.context.calibration import Calibration, Heard
from raasid.models.context.decode import judged
from raasid.models.context.features import WIDTHS, Inputs, features
from raasid.models.context.losses import Weights, losses
from raasid.models.context.module import ClipJudgement, ContextModule, ContextOutput
from raasid.models.context.net import ContextNet, Logits

Said = dict[tuple[str, str], tuple[ClipRef, Logits]]


class ContextTransformer(ContextModule):
    """Contact, side and every fact of Law 12 from tracks; the decision follows from the facts.

    inputs: `both`; or `ball` or `pose` alone, to show what each is worth. Whichever it is, the window lies
    where ball and players come closest.
    head: `facts` derives the offence from the facts' chances by the edition's clauses, exactly, so that a
    change of the Law needs no training; `direct` learns it for the edition of the training alone.
    target_risk: share of wrong answers among those given, to which abstention shall bring it down.
    labels: `mvfoul` adds heads for what SoccerNet-MVFoul's referees labelled: kind of action, severity,
    handball.
    """

    def __init__(
        self,
        frames: int = 20,
        players: int = 3,
        width: int = 96,
        layers: int = 2,
        heads: int = 4,
        alternatives: int = 4,
        dropout: float = 0.1,
        inputs: Inputs = "both",
        head: Literal["facts", "direct"] = "facts",
        target_risk: float = 0.05,
        labels: Literal["law", "mvfoul"] = "law",
    ) -> None:
        super().__init__(frames, players)
        self.inputs, self.direct, self.target_risk = inputs, head == "direct", target_risk
        self.net = ContextNet(
            WIDTHS[inputs], frames, width, layers, heads, alternatives, dropout, labels == "mvfoul"
        )
        self.weights = Weights()
        self.calibration = Calibration()
        self.counts: dict[str, list[int]] = {}
        """Fact -> how often each of its values was annotated in the training split."""
        self._said: Said = {}
        self._edition = ""

    def acquaint(self, facts: Iterable[Facts]) -> None:
        """Count what is annotated: a fact that never varied cannot have been learned.

        A trained model knows what it has learned; what else it is measured on tells it nothing.
        """
        fitting = self._trainer is not None and self._trainer.state.fn == TrainerFn.FITTING
        if self.counts and not fitting:
            return
        counts = {name: [0] * len(values) for name, values in fact_values().items()}
        for known in facts:
            for name, at in zip(FACTS, fact_indices(known).tolist(), strict=True):
                if at >= 0:
                    counts[name][at] += 1
        if any(any(times) for times in counts.values()):
            self.counts = counts

    def forward(self, windows: Windows) -> Logits:
        """What the net says about windows."""
        said: Logits = self.net(features(windows, self.inputs))
        return said

    def training_step(self, batch: ContextBatch, batch_idx: int) -> Tensor:
        """Sum of the loss terms."""
        terms = losses(self(batch.windows), batch, self.weights)
        self.log_terms(terms, len(batch.refs))
        return torch.stack(list(terms.values())).sum()

    def validation_step(self, batch: ContextBatch, batch_idx: int) -> ContextOutput:
        """Judgements of a batch, and its loss; what the net said is kept for the calibration."""
        said = self(batch.windows)
        terms = losses(said, batch, self.weights)
        on_cpu = Logits(*(part.detach().float().cpu() for part in said))
        for i, ref in enumerate(batch.refs):
            self._said[ref.key] = (ref, Logits(*(part[i] for part in on_cpu)))
        self._edition = batch.edition
        names = [ref.clip for ref in batch.refs]
        judgements = self._judgements(on_cpu, batch.sources, names, batch.edition)
        out: dict[str, Any] = {"clips": batch.refs, "judgements": judgements}
        return {**out, "loss": torch.stack(list(terms.values())).sum()}  # type: ignore[typeddict-item]

    def on_validation_epoch_start(self) -> None:
        """Forget what was said in the last one."""
        self._said = {}

    def on_validation_epoch_end(self) -> None:
        """Calibrate on the whole selection split, before a checkpoint of this epoch is written."""
        said = _of_all_processes(self._said)
        if not said or self.trainer.sanity_checking:
            return
        refs, logits = zip(*said.values(), strict=True)
        annotated = tuple(ref.facts for ref in refs)
        heard = Heard(
            Logits(*(torch.stack(parts) for parts in zip(*logits, strict=True))),
            torch.stack([torch.from_numpy(fact_indices(facts)) for facts in annotated]),
            annotated,
        )
        self.calibration = Calibration.fitted(heard, self._edition, self.direct, self.target_risk)

    @torch.no_grad()
    def assess(self, windows: Sequence[Window], clips: Sequence[str], edition: str) -> list[ClipJudgement]:
        """Judge windows, one each."""
        if not windows:
            return []
        training = self.training
        self.eval()
        said = self(stack(windows).to(self.device))
        self.train(training)
        on_cpu = Logits(*(part.float().cpu() for part in said))
        return self._judgements(on_cpu, windows, clips, edition)

    def _judgements(
        self, said: Logits, windows: Sequence[Window], clips: Sequence[str], edition: str
    ) -> list[ClipJudgement]:
        return judged(said, windows, clips, edition, self.calibration, self.counts, self.direct)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep what was learned beside the weights."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["calibration"] = self.calibration.state()
        checkpoint["fact_counts"] = self.counts

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it back."""
        self.calibration = Calibration.of_state(checkpoint.get("calibration", {}))
        self.counts = checkpoint.get("fact_counts", self.counts)


def _of_all_processes(said: Said) -> Said:
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return said
    shares: list[Said | None] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(shares, said)
    together: Said = {}
    for share in shares:
        together |= share or {}
    return dict(sorted(together.items()))
