"""The trial that this process runs, for the job that runs in it: reports, and whether to stop early.

Of a job on several devices, rank 0 runs in the worker and has the trial. The other ranks are processes that
Lightning starts; they know by their environment that they belong to a trial.

This module is light: every training imports it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from raasid.config.rank_rendezvous import rank_info
from raasid.errors import Exit, RaasidError, UsageError

if TYPE_CHECKING:
    from optuna.trial import Trial

_CURRENT: list[Trial] = []
_TRIAL = "RAASID_TRIAL"
"""Environment variable with the number of the trial, while a worker runs it."""
_FORKS = ("spawn", "fork", "notebook")
"""Parts of the names of Lightning's strategies that run rank 0, too, in a process of their own."""


class TrialPruned(RaasidError):
    """The pruner ended a trial early: it is worse than others were at the same step."""

    exit = Exit.DONE

    def __init__(self, number: int, step: int, value: float) -> None:
        super().__init__(f"trial {number} was pruned at step {step}, with {value:.6g}")


class TrialLost(RaasidError):
    """Another process counts this trial as failed, because this one gave no sign of life."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"trial {number}: counts as failed, because this process gave no sign of life for too long; "
            "its parameters are tried again elsewhere, and this training stops"
        )


def current_trial() -> Trial | None:
    """Return the trial that this process runs; None outside a sweep of `raasid.sweeps`."""
    return _CURRENT[-1] if _CURRENT else None


def report(value: float, step: int) -> None:
    """Tell the current trial, if there is one with a single value, how good its job is so far.

    step: how far the job is, in whatever all trials count alike, from 0; one that was reported before is
    ignored. Raises TrialPruned if the pruner gives the trial up, and TrialLost.
    """
    trial = current_trial()
    if trial is None or len(trial.study.directions) > 1:
        return
    from optuna.exceptions import UpdateFinishedTrialError

    with warnings.catch_warnings():  # a job that goes on may repeat its last report
        warnings.filterwarnings("ignore", "The reported value is ignored")
        try:
            trial.report(value, step)
            if trial.should_prune():
                raise TrialPruned(trial.number, step, value)
        except UpdateFinishedTrialError as error:
            raise TrialLost(trial.number) from error


def belongs_to_trial() -> bool:
    """Whether a worker of a sweep has started this process, as another rank of its trial."""
    return _TRIAL in os.environ and os.environ.get("LOCAL_RANK", "0") != "0"


def enter_trial(trial: Trial) -> None:
    """Make a trial the current one."""
    _CURRENT.append(trial)
    os.environ[_TRIAL] = str(trial.number)


def leave_trial() -> None:
    """End the current trial."""
    _CURRENT.clear()
    os.environ.pop(_TRIAL, None)


def check_ranks(trainer: Mapping[str, Any] | None) -> None:
    """Check that a worker can start every process of a trial itself.

    trainer: section `trainer` of a training. Raises UsageError.
    """
    if rank_info(os.environ) is not None:
        raise UsageError(
            "srun or torchrun started several processes of this sweep; start one, which starts the processes "
            "of each trial itself (trainer=ddp), and for more machines the same command again"
        )
    if int((trainer or {}).get("num_nodes") or 1) > 1:
        raise UsageError(
            f"trainer.num_nodes={(trainer or {})['num_nodes']}: a sweep trains each trial on one machine; "
            "use trainer=ddp, and start the same command on each machine"
        )
    strategy = str((trainer or {}).get("strategy") or "")
    if any(word in strategy for word in _FORKS):
        raise UsageError(
            f"trainer.strategy={strategy}: reports of a trial are lost in forked processes; "
            "use trainer.strategy=ddp in a sweep"
        )
