"""Context metrics while a model trains, and the judgements of an epoch for whoever reports on them."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import numpy as np

from raasid.data.context.clip_ref import ClipRef
from raasid.evaluation.context.metrics import decision_metrics
from raasid.evaluation.context.outcome import clip_outcomes
from raasid.evaluation.processes import of_all_processes
from raasid.models.context.clip_judgement import ClipJudgement

LOGGED = ("accuracy", "balanced_accuracy", "ece")


class ContextValidation(pl.Callback):
    """Gathers the judgements of every clip over batches and processes, and logs the metrics.

    A step returns `clips` and `judgements`, one for one; and `loss`, if it has one.
    """

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], tuple[ClipRef, ClipJudgement]] = {}

    @property
    def refs(self) -> list[ClipRef]:
        """Clips of the last finished epoch, by id and kind of tracks, of all processes."""
        return [ref for ref, _ in self._pairs.values()]

    @property
    def judgements(self) -> list[ClipJudgement]:
        """What was said of `refs`."""
        return [said for _, said in self._pairs.values()]

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget the last epoch."""
        self._pairs = {}

    on_test_epoch_start = on_validation_epoch_start

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep what the step said, and log its loss."""
        self._keep(outputs)
        loss = outputs.get("loss")
        if loss is not None:
            pl_module.log("val/loss", loss, batch_size=len(outputs["clips"]), on_epoch=True, sync_dist=True)

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep what the step said."""
        self._keep(outputs)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the metrics; every process gets the same."""
        self._pairs = of_all_processes(self._pairs)
        outcomes, _ = clip_outcomes(self.refs, self.judgements)
        metrics = decision_metrics(outcomes)(np.ones((1, len(outcomes))))
        for name in LOGGED:
            # Gathered already: the value is the whole epoch's in every process.
            pl_module.log(f"val/{name}", float(metrics[name][0]), sync_dist=False, rank_zero_only=False)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather; the figures of a test come from `evaluate_context`, with intervals."""
        self._pairs = of_all_processes(self._pairs)

    def _keep(self, outputs: Any) -> None:
        for ref, said in zip(outputs["clips"], outputs["judgements"], strict=True):
            self._pairs[ref.key] = (ref, said)
