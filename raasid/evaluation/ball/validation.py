"""Ball metrics while a model trains, and the detections of an epoch for whoever reports on them."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl

from raasid.data.frame_ref import FrameRef
from raasid.evaluation.ball.curves import best_threshold
from raasid.evaluation.ball.metrics import ball_metrics
from raasid.evaluation.ball.outcomes import score_frames
from raasid.evaluation.processes import of_all_processes
from raasid.models.ball.detections import Detections
from raasid.models.ball.module import BallModule

Pairs = dict[tuple[str, int], tuple[FrameRef, Detections]]

LOGGED = {
    "val/detection_rate": "detection_rate",
    "val/false_positives": "false_positives",
    "val/f1": "f1",
    "val/ap": "ap",
}


class BallValidation(pl.Callback):
    """Gathers the detections of every frame over batches and processes, and logs the metrics.

    A model whose threshold is free gets the one that is best on the epoch's frames, before a
    checkpoint of that epoch is written.
    """

    def __init__(self) -> None:
        self._pairs: Pairs = {}

    @property
    def frames(self) -> list[FrameRef]:
        """Frames of the last finished epoch, by clip and index, of all processes."""
        return [ref for ref, _ in self._pairs.values()]

    @property
    def detections(self) -> list[Detections]:
        """Detections in `frames`."""
        return [found for _, found in self._pairs.values()]

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
        """Keep what the step found: `frames` and `detections`, one for one."""
        for ref, found in zip(outputs["frames"], outputs["detections"], strict=True):
            self._pairs[ref.key] = (ref, found)

    on_test_batch_end = on_validation_batch_end

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Choose the threshold if it is free, then log the metrics; every process gets the same."""
        self._pairs = of_all_processes(self._pairs)
        if not isinstance(pl_module, BallModule):
            raise TypeError(f"BallValidation watches ball models, not {type(pl_module).__name__}")
        if pl_module.threshold_is_free and not trainer.sanity_checking:
            outcomes = score_frames(self.frames, self.detections, pl_module.operating_threshold)
            pl_module.operating_threshold = best_threshold(
                outcomes, pl_module.max_false_positives, fallback=pl_module.operating_threshold
            )
        metrics = ball_metrics(score_frames(self.frames, self.detections, pl_module.operating_threshold))
        for logged, name in LOGGED.items():
            # Gathered already: the value is the whole epoch's in every process.
            pl_module.log(logged, metrics[name], sync_dist=False, rank_zero_only=False)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather; the figures of a test come from `evaluate_ball`, with intervals."""
        self._pairs = of_all_processes(self._pairs)
