"""The trial that this process runs, for the job that runs in it: reports, and whether to stop early.

This module is light: every training imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from raasid.errors import RaasidError

if TYPE_CHECKING:
    from optuna.trial import Trial

_CURRENT: list[Trial] = []


class TrialPruned(RaasidError):
    """The pruner ended a trial early: it is worse than others were at the same step."""

    def __init__(self, number: int, step: int, value: float) -> None:
        super().__init__(f"trial {number} was pruned at step {step}, with {value:.6g}")


def current_trial() -> Trial | None:
    """Return the trial that this process runs; None outside a sweep of `raasid.sweeps`."""
    return _CURRENT[-1] if _CURRENT else None


def enter_trial(trial: Trial) -> None:
    """Make a trial the current one."""
    _CURRENT.append(trial)


def leave_trial() -> None:
    """End the current trial."""
    _CURRENT.clear()
