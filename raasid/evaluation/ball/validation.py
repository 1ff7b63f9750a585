"""Ball metrics while a model trains, and the detections of an epoch for whoever reports on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import lightning.pytorch as pl

from raasid.data.frame_ref import FrameRef
from raasid.evaluation.ball.curves import best_threshold
from raasid.evaluation.ball.metrics import ball_metrics
from raasid.evaluation.ball.outcomes import score_frames
from raasid.evaluation.gathering import FrameGathering
from raasid.models.ball.detections import Detections
from raasid.models.ball.module import BallModule

LOGGED = {
    "val/detection_rate": "detection_rate",
    "val/false_positives": "false_positives",
    "val/f1": "f1",
    "val/ap": "ap",
}


class BallValidation(FrameGathering[Detections]):
    """Gathers the detections of every frame, and logs the metrics.

    A model whose threshold is free gets the one that is best on the epoch's frames, before a
    checkpoint of that epoch is written.
    """

    @property
    def detections(self) -> list[Detections]:
        """Detections in `frames`."""
        return self.said

    def read(self, outputs: Any) -> Iterable[tuple[FrameRef, Detections]]:
        """`frames` and `detections`, one for one."""
        return zip(outputs["frames"], outputs["detections"], strict=True)

    def log_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Choose the threshold if it is free, then log the metrics; every process gets the same."""
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
