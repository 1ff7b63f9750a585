"""Reports of a training to its trial, and the pruner's answer: is it worth going on?"""

from __future__ import annotations

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

    Rank 0 reports and asks; all ranks get the same answer and end at the same step.
    """

    def __init__(self, trial: Trial, metric: str) -> None:
        self._trial, self._metric = trial, metric
        self._pruned: tuple[int, float] | None = None

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report, and ask. Raises TrialLost."""
        value = trainer.callback_metrics.get(self._metric)
        if trainer.sanity_checking or value is None or len(self._trial.study.directions) > 1:
            return
        step, number = trainer.global_step, float(value)
        prune = self._ask(step, number) if trainer.is_global_zero else False
        if trainer.strategy.broadcast(prune):
            self._pruned = step, number
            trainer.should_stop = True

    def raise_if_pruned(self) -> None:
        """Raise TrialPruned if the training was given up."""
        if self._pruned is not None:
            raise TrialPruned(self._trial.number, *self._pruned)

    def _ask(self, step: int, value: float) -> bool:
        try:
            self._trial.report(value, step)
            return self._trial.should_prune()
        except UpdateFinishedTrialError as error:
            raise TrialLost(self._trial.number) from error
