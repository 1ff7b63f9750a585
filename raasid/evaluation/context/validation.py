"""The callback that collects a context model's predictions and logs metrics."""

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
    """Collects the predictions for every clip on each kind of tracks, and logs `val/` metrics.

    The metrics are those of the first kind of `SOURCES` that occurs; the loss is that of all kinds.
    """

    def read_outputs(self, outputs: Any) -> Iterable[tuple[ClipRef, ContextPrediction]]:
        """Pairs of `clips` and `predictions`."""
        return zip(outputs["clips"], outputs["predictions"], strict=True)

    def log_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the metrics."""
        source = next((kind for kind in SOURCES if any(ref.source == kind for ref in self.refs)), None)
        pairs = [pair for pair in zip(self.refs, self.predictions, strict=True) if pair[0].source == source]
        outcomes, _ = match_clips([ref for ref, _ in pairs], [prediction for _, prediction in pairs])
        metrics = decision_metrics(outcomes)(np.ones((1, len(outcomes))))
        for name in LOGGED:
            # the predictions of all processes are gathered: the value is the same in each
            pl_module.log(f"val/{name}", float(metrics[name][0]), sync_dist=False, rank_zero_only=False)
