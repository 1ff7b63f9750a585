"""Context metrics while a model trains, and the predictions of an epoch for whoever reports on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import lightning.pytorch as pl
import numpy as np

from raasid.datasets.context.sample_meta import SOURCES, ClipRef
from raasid.evaluation.context.matched import match_clips
from raasid.evaluation.context.metrics import decision_metrics
from raasid.evaluation.prediction_collector import PredictionCollector
from raasid.models.context.module import ContextPrediction

LOGGED = ("accuracy", "balanced_accuracy", "ece")


class ContextValidation(PredictionCollector[ClipRef, ContextPrediction]):
    """Gathers the predictions of every clip on each kind of tracks, and logs `val/` metrics.

    They are about the first kind of `SOURCES` that was looked at; the loss is that of all kinds.

    A step returns `clips` and `predictions`, one for one; and `loss`, if it has one.
    """

    @property
    def predictions(self) -> list[ContextPrediction]:
        """What was said of `refs`."""
        return self.said

    def read(self, outputs: Any) -> Iterable[tuple[ClipRef, ContextPrediction]]:
        """`clips` and `predictions`, one for one."""
        return zip(outputs["clips"], outputs["predictions"], strict=True)

    def log_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the metrics; every process gets the same."""
        chosen = next((kind for kind in SOURCES if any(ref.source == kind for ref in self.refs)), None)
        its = [pair for pair in self._pairs.values() if pair[0].source == chosen]
        outcomes, _ = match_clips([ref for ref, _ in its], [said for _, said in its])
        metrics = decision_metrics(outcomes)(np.ones((1, len(outcomes))))
        for name in LOGGED:
            # Gathered already: the value is the whole epoch's in every process.
            pl_module.log(f"val/{name}", float(metrics[name][0]), sync_dist=False, rank_zero_only=False)
