"""The trials of a study as a queue on its storage, which any number of processes take from.

All trials of a sweep are created at its start, waiting; a process that takes one owns its lease
(`raasid.io.lease`) until it has told the outcome, or dies. So the total is exact however many processes work,
a trial of a dead process is found at once, and what is waiting survives everything. Optuna's own heartbeat
does neither: it is not implemented for journals, and does nothing outside `Study.optimize`.

A trial whose process died has failed, and its parameters are queued again as another trial, which names it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from raasid.io.lease import Lease, LeaseHeld, is_abandoned, wait_for_verdict
from raasid.sweeps.study_journal import one_append

RETRY_OF = "raasid:retry_of"
"""Number of the trial whose process died, in the trial that has its parameters."""
REASON = "raasid:reason"
LOG = "raasid:log"
RUN_DIR = "raasid:run_dir"
CHECKPOINT = "raasid:checkpoint"
WANDB_RUN = "raasid:wandb_run"
"""Id of the run in W&B."""
MAX_ATTEMPTS = 3
"""Processes that may die of the same parameters."""


class TakenTrial(NamedTuple):
    """A trial of this process, with the lease on it."""

    trial: Trial
    lease: Lease


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a study is, without trials that another one repeats."""

    complete: int
    pruned: int
    failed: int
    running: int
    waiting: int

    @property
    def ended(self) -> int:
        """Trials with an outcome."""
        return self.complete + self.pruned + self.failed


class TrialQueue:
    """The trials of one study. leases: folder of the leases, on a disk that all processes share."""

    def __init__(self, study: Study, leases: Path) -> None:
        self.study, self._leases = study, leases
        self._storage, self._id = study._storage, study._study_id

    def plan(self, n_trials: int, grid: Sequence[Mapping[str, Any]] = ()) -> int:
        """Create the missing ones of `n_trials` trials; return how many there are then.

        grid: the parameters of each; without it the sampler chooses them when a trial is taken. Of processes
        that plan at once, one does.
        """
        with self._planning():
            trials = self._trials()
            number = len(trials) - len(_repeated(trials))
            known = [_fixed_params(trial) for trial in trials] if grid else []
            missing = [dict(cell) for cell in grid if dict(cell) not in known]
            with one_append(self._storage):
                for trial, params in zip(trials, known, strict=False):
                    if not params and missing and trial.state is TrialState.WAITING:  # its cell was damaged
                        cell = missing.pop(0)
                        self._storage.set_trial_system_attr(trial._trial_id, "fixed_params", cell)
                for cell in missing[: max(0, n_trials - number)]:
                    self.study.enqueue_trial(cell)
                    number += 1
                for _ in range(number, n_trials):
                    self.study.enqueue_trial({})
                    number += 1
        return number

    def take(self) -> TakenTrial | None:
        """Take the next waiting trial; None if none is waiting."""
        for waiting in self._trials(TrialState.WAITING):
            try:
                lease = self._lease(waiting.number)
            except LeaseHeld:
                continue
            try:
                taken = self._storage.set_trial_state_values(waiting._trial_id, TrialState.RUNNING)
            except UpdateFinishedTrialError:
                taken = False
            if taken:
                return TakenTrial(Trial(self.study, waiting._trial_id), lease)
            lease.release()
        return None

    def put_back(self, number: int) -> None:
        """Let a running trial of this process wait again, with its parameters and reports."""
        with suppress(UpdateFinishedTrialError):
            self._storage.set_trial_state_values(self._trial_id(number), TrialState.WAITING)

    def fail(self, number: int, reason: str) -> None:
        """Record that a trial failed, and why."""
        self.study._storage.set_trial_user_attr(self._trial_id(number), REASON, reason)
        self.study.tell(number, state=TrialState.FAIL)

    def reap(self, wait: bool = False) -> list[int]:
        """Fail running trials whose process is dead, and queue their parameters again; return the numbers.

        wait: for processes of which it is not known yet, until they give a sign of life or their leases
        expire. A running trial that never had a lease here belongs to another program, and is left alone.
        """
        numbers = [trial.number for trial in self._trials(TrialState.RUNNING)]
        if wait and numbers:
            with ThreadPoolExecutor(len(numbers)) as pool:
                list(pool.map(wait_for_verdict, map(self._folder, numbers)))
        return [number for number in numbers if is_abandoned(self._folder(number)) and self._reap(number)]

    def progress(self) -> Progress:
        """Count the trials by state."""
        trials = self._trials()
        repeated = _repeated(trials)
        count = Counter(trial.state for trial in trials if trial.number not in repeated)
        return Progress(
            complete=count[TrialState.COMPLETE],
            pruned=count[TrialState.PRUNED],
            failed=count[TrialState.FAIL],
            running=count[TrialState.RUNNING],
            waiting=count[TrialState.WAITING],
        )

    def ended(self) -> list[FrozenTrial]:
        """Return the trials with an outcome, by number."""
        return [trial for trial in self._trials() if trial.state.is_finished()]

    def _reap(self, number: int) -> bool:
        try:
            lease = self._lease(number)  # of processes that find a dead one, one reaps it
        except LeaseHeld:
            return False
        with lease:
            trial = self._trial(number)
            if trial.state != TrialState.RUNNING:
                return False
            attempts = 1 + sum(1 for _ in self._attempts_before(trial))
            reason = "its process died"
            if attempts >= MAX_ATTEMPTS:
                reason += f", as did those of {attempts - 1} trials before with these parameters"
            elif number not in _repeated(self._trials()):  # or a process that reaped it died here
                params = {**_fixed_params(trial), **trial.params}
                self.study.enqueue_trial(params, user_attrs={RETRY_OF: number})
            self.fail(number, reason)  # last: a kill before it loses nothing
            return True

    def _attempts_before(self, trial: FrozenTrial) -> Iterator[FrozenTrial]:
        trials = {each.number: each for each in self._trials()}
        while (before := trial.user_attrs.get(RETRY_OF)) is not None:
            trial = trials[int(before)]
            yield trial

    def _planning(self) -> Lease:
        """Wait for other processes that plan, which takes them less than a second."""
        for _ in range(600):
            try:
                return Lease(self._leases / "planning", "the plan of the sweep")
            except LeaseHeld:
                time.sleep(0.1)
        return Lease(self._leases / "planning", "the plan of the sweep")

    def _lease(self, number: int) -> Lease:
        return Lease(self._folder(number), f"trial {number}")

    def _folder(self, number: int) -> Path:
        return self._leases / str(number)

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        return self._storage.get_all_trials(self._id, deepcopy=False, states=states or None)

    def _trial(self, number: int) -> FrozenTrial:
        return self._storage.get_trial(self._trial_id(number))

    def _trial_id(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._id, number)


def _repeated(trials: Sequence[FrozenTrial]) -> set[int]:
    """Return the numbers of the trials that another one repeats."""
    return {int(trial.user_attrs[RETRY_OF]) for trial in trials if RETRY_OF in trial.user_attrs}


def _fixed_params(trial: FrozenTrial) -> dict[str, Any]:
    return dict(trial.system_attrs.get("fixed_params", {}) or trial.params)
