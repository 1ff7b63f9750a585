"""`context_transformer`: a transformer over the tracks of the ball and of the players next to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import torch
import torch.distributed
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor, nn

from raasid.datasets.context.batch import FACTS, ContextBatch, WindowBatch, fact_indices, stack_windows
from raasid.datasets.context.sample_meta import ClipRef
from raasid.datasets.context.window import TrackWindow
from raasid.laws.facts import Facts, fact_values
from raasid.models.context.calibration import Calibration, ValidationOutputs
from raasid.models.context.decode import decode_predictions
from raasid.models.context.features import WIDTHS, Inputs, extract_features
from raasid.models.context.losses import LossWeights, context_losses
from raasid.models.context.module import ContextModule, ContextOutput, ContextPrediction
from raasid.models.context.net import ContextNet, Logits

OutputsByKey = dict[tuple[str, str], tuple[ClipRef, Logits]]


class ContextTransformer(ContextModule):
    """Contact, side and every fact of Law 12 from tracks; the decision follows from the facts.

    inputs: `both`, or `ball` or `pose` alone, to show what each is worth. The window is the same for all.
    head: `facts` derives the offence exactly from the facts' probabilities by the edition's clauses, so that
    a change of the Law needs no training; `direct` learns it for the edition of the training alone.
    target_risk: share of wrong answers among those given that abstention has to keep to.
    labels: `mvfoul` adds heads for the labels of SoccerNet-MVFoul's referees: kind of action, severity,
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
        self.weights = LossWeights()
        self.calibration = Calibration()
        self.label_counts: dict[str, list[int]] = {}
        """Fact -> how often each of its values is annotated in the training split."""
        self._outputs: OutputsByKey = {}
        self._edition = ""

    def set_label_counts(self, facts: Iterable[Facts]) -> None:
        """Count the annotated values: a fact that never varied cannot be learned.

        A trained model keeps the counts of its own training.
        """
        fitting = self._trainer is not None and self._trainer.state.fn == TrainerFn.FITTING
        if self.label_counts and not fitting:
            return
        counts = {name: [0] * len(values) for name, values in fact_values().items()}
        for annotated in facts:
            for name, index in zip(FACTS, fact_indices(annotated).tolist(), strict=True):
                if index >= 0:
                    counts[name][index] += 1
        if any(any(times) for times in counts.values()):
            self.label_counts = counts

    @property
    def embedding_layer(self) -> nn.Module:
        """Input of the heads."""
        return self.net.neck

    def forward(self, windows: WindowBatch) -> Logits:
        """Return the net's logits for windows."""
        logits: Logits = self.net(extract_features(windows, self.inputs))
        return logits

    def training_step(self, batch: ContextBatch, batch_idx: int) -> Tensor:
        """Return the sum of the loss terms."""
        terms = context_losses(self(batch.windows), batch, self.weights)
        self.log_loss_terms(terms, len(batch.refs))
        return torch.stack(list(terms.values())).sum()

    def validation_step(self, batch: ContextBatch, batch_idx: int) -> ContextOutput:
        """Return predictions and loss of a batch; the logits are kept for the calibration."""
        logits = self(batch.windows)
        terms = context_losses(logits, batch, self.weights)
        on_cpu = Logits(*(part.detach().float().cpu() for part in logits))
        for i, ref in enumerate(batch.refs):
            self._outputs[ref.key] = (ref, Logits(*(part[i] for part in on_cpu)))
        self._edition = batch.edition
        names = [ref.clip for ref in batch.refs]
        predictions = self._decode(on_cpu, batch.sources, names, batch.edition)
        loss = torch.stack(list(terms.values())).sum()
        return {"clips": batch.refs, "predictions": predictions, "loss": loss}

    def on_validation_epoch_start(self) -> None:
        """Drop the logits of the last validation."""
        self._outputs = {}

    def on_validation_epoch_end(self) -> None:
        """Calibrate on the whole selection split, before a checkpoint of this epoch is written."""
        outputs = _of_all_ranks(self._outputs)
        if not outputs or self.trainer.sanity_checking:
            return
        refs, logits = zip(*outputs.values(), strict=True)
        annotated = tuple(ref.facts for ref in refs)
        validation = ValidationOutputs(
            Logits(*(torch.stack(parts) for parts in zip(*logits, strict=True))),
            torch.stack([torch.from_numpy(fact_indices(facts)) for facts in annotated]),
            annotated,
        )
        self.calibration = Calibration.fit(validation, self._edition, self.direct, self.target_risk)

    @torch.no_grad()
    def predict_windows(
        self, windows: Sequence[TrackWindow], clips: Sequence[str], edition: str
    ) -> list[ContextPrediction]:
        """Return one prediction per window."""
        if not windows:
            return []
        training = self.training
        self.eval()
        logits = self(stack_windows(windows).to(self.device))
        self.train(training)
        on_cpu = Logits(*(part.float().cpu() for part in logits))
        return self._decode(on_cpu, windows, clips, edition)

    def _decode(
        self, logits: Logits, windows: Sequence[TrackWindow], clips: Sequence[str], edition: str
    ) -> list[ContextPrediction]:
        return decode_predictions(
            logits, windows, clips, edition, self.calibration, self.label_counts, self.direct
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the calibration and the label counts."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["calibration"] = self.calibration.to_state()
        checkpoint["fact_counts"] = self.label_counts

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the calibration and the label counts."""
        self.calibration = Calibration.from_state(checkpoint.get("calibration", {}))
        self.label_counts = checkpoint.get("fact_counts", self.label_counts)


def _of_all_ranks(outputs: OutputsByKey) -> OutputsByKey:
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return outputs
    shares: list[OutputsByKey | None] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(shares, outputs)
    together: OutputsByKey = {}
    for share in shares:
        together |= share or {}
    return dict(sorted(together.items()))
