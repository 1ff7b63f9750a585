"""Reports of a training to its trial, and the pruner's answer: is it worth going on?"""

from __future__ import annotations

import lightning.pytorch as pl

from raasid.sweeps.current_trial import TrialPruned, report


class TrialReports(pl.Callback):
    """Reports the optimised metric after every validation, and ends a training that the pruner gives up.

    Rank 0 has the trial, and the others get its answer: all end at the same step. After a fit that was pruned
    `pruned` is the exception to raise, in rank 0.
    """

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self.pruned: TrialPruned | None = None

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report, and ask. Raises TrialLost."""
        value = trainer.callback_metrics.get(self._metric)
        if trainer.sanity_checking or value is None:
            return
        try:
            report(float(value), step_of_report(trainer))
        except TrialPruned as pruned:
            self.pruned = pruned
        if trainer.strategy.broadcast(self.pruned is not None):
            trainer.should_stop = True


def step_of_report(trainer: pl.Trainer) -> int:
    """Return how far a training is: in epochs, or in optimiser steps if it validates within an epoch.

    Epochs are the same for trials with other batch sizes, which a pruner compares with each other.
    """
    interval = trainer.val_check_interval  # 1.0 is a whole epoch, and 1 a batch
    if trainer.check_val_every_n_epoch is not None and isinstance(interval, float) and interval == 1.0:
        return trainer.current_epoch + 1
    return trainer.global_step
