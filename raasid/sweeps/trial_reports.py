"""Reports of a training to its trial, and the pruner's answer: is it worth going on?"""

from __future__ import annotations

import warnings

import lightning.pytorch as pl
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import Trial

from raasid.errors import RaasidError
from raasid.sweeps.current_trial import TrialPruned


class TrialLost(RaasidError):
    """Another process counts this trial as failed, because this one gave no sign of life."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"trial {number}: counts as failed, because this process gave no sign of life for too long; "
            "its parameters are tried again elsewhere, and this process stops"
        )


class TrialReports(pl.Callback):
    """Reports the optimised metric after every validation, and ends a training that the pruner gives up.

    trial: None in the ranks other than 0, which get the answer of rank 0: all end at the same step. After a
    pruned fit `pruned` is the exception to raise, in rank 0.
    """

    def __init__(self, trial: Trial | None, metric: str) -> None:
        self._trial, self._metric = trial, metric
        self.pruned: TrialPruned | None = None

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report, and ask. Raises TrialLost."""
        value = trainer.callback_metrics.get(self._metric)
        if trainer.sanity_checking or value is None:
            return
        step, number, prune = step_of_report(trainer), float(value), False
        if self._trial is not None and len(self._trial.study.directions) == 1:
            prune = _report(self._trial, number, step)
            if prune:
                self.pruned = TrialPruned(self._trial.number, step, number)
        if trainer.strategy.broadcast(prune):
            trainer.should_stop = True


def step_of_report(trainer: pl.Trainer) -> int:
    """Return how far a training is: in epochs, or in optimiser steps if it validates within an epoch.

    Epochs are the same for trials with other batch sizes, which a pruner compares with each other.
    """
    interval = trainer.val_check_interval  # 1.0 is a whole epoch, and 1 a batch
    if trainer.check_val_every_n_epoch is not None and isinstance(interval, float) and interval == 1.0:
        return trainer.current_epoch + 1
    return trainer.global_step


def _report(trial: Trial, value: float, step: int) -> bool:
    """Report a value; return whether the pruner gives the trial up."""
    with warnings.catch_warnings():  # a training that goes on may repeat its last validation
        warnings.filterwarnings("ignore", "The reported value is ignored")
        try:
            trial.report(value, step)
            return trial.should_prune()
        except UpdateFinishedTrialError as error:
            raise TrialLost(trial.number) from error
