"""Context metrics while a model trains, and the judgements of an epoch for whoever reports on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import lightning.pytorch as pl
import numpy as np

from raasid.datasets.context.sample_meta import SOURCES, ClipRef
from raasid.evaluation.context.matched import clip_outcomes
from raasid.evaluation.context.metrics import decision_metrics
from raasid.evaluation.prediction_collector import Gathering
from raasid.models.context.module import ClipJudgement

LOGGED = ("accuracy", "balanced_accuracy", "ece")


class ContextValidation(Gathering[ClipRef, ClipJudgement]):
    """Gathers the judgements of every clip on each kind of tracks, and logs `val/` metrics.

    They are about the first kind of `SOURCES` that was looked at; the loss is that of all kinds.

    A step returns `clips` and `judgements`, one for one; and `loss`, if it has one.
    """

    @property
    def judgements(self) -> list[ClipJudgement]:
        """What was said of `refs`."""
        return self.said

    def read(self, outputs: Any) -> Iterable[tuple[ClipRef, ClipJudgement]]:
        """`clips` and `judgements`, one for one."""
        return zip(outputs["clips"], outputs["judgements"], strict=True)

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
        super().on_validation_batch_end(trainer, pl_module, outputs, batch, batch_idx, dataloader_idx)
        loss = outputs.get("loss")
        if loss is not None:
            pl_module.log("val/loss", loss, batch_size=len(outputs["clips"]), on_epoch=True, sync_dist=True)

    def log_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the metrics; every process gets the same."""
        chosen = next((kind for kind in SOURCES if any(ref.source == kind for ref in self.refs)), None)
        its = [pair for pair in self._pairs.values() if pair[0].source == chosen]
        outcomes, _ = clip_outcomes([ref for ref, _ in its], [said for _, said in its])
        metrics = decision_metrics(outcomes)(np.ones((1, len(outcomes))))
        for name in LOGGED:
            # Gathered already: the value is the whole epoch's in every process.
            pl_module.log(f"val/{name}", float(metrics[name][0]), sync_dist=False, rank_zero_only=False)
