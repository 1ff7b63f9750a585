"""How a sweep is going: a live table in a terminal, and a line for each trial that has ended.

The table stands on stderr below what is logged; in a file or pipe there are the lines alone. Everything is
computed from the study, so that trials of other machines are shown, too.
"""

from __future__ import annotations

import heapq
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType

from optuna.trial import FrozenTrial, TrialState
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from raasid.console import terminal
from raasid.escaping import printable
from raasid.sweeps.results import best_trials, format_value, short_names
from raasid.sweeps.trial_queue import REASON, Progress, TrialQueue

_log = logging.getLogger(__name__)
_PERIOD_S = 0.5
_MAX_FRONT = 3
"""Rows of a Pareto front that are shown."""


@dataclass(frozen=True, slots=True)
class SweepStatus:
    """A study at one moment."""

    progress: Progress
    best: Sequence[FrozenTrial]
    """The best trial, or those of the Pareto front."""
    running: Sequence[FrozenTrial]
    eta_s: float | None
    """Seconds until the last trial ends; None until one has ended."""
    now: datetime
    """Without time zone, in local time, as Optuna's times are."""


def expected_seconds(
    trials: Sequence[FrozenTrial], progress: Progress, n_jobs: int, now: datetime
) -> float | None:
    """Estimate the seconds until the last trial ends, if each takes as long as the average of those before.

    n_jobs: workers of this machine; those of others show by what is running. Failed trials do not count: they
    may have failed at once. Returns None until a trial has ended.
    """
    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    known = [
        trial.duration.total_seconds()
        for trial in trials
        if trial.state in ended and trial.duration is not None
    ]
    if not known:
        return None
    mean = sum(known) / len(known)
    running = [trial for trial in trials if trial.state is TrialState.RUNNING]
    free_at = [max(0.0, mean - _elapsed(trial, now)) for trial in running]
    free_at += [0.0] * (n_jobs - len(free_at))
    heapq.heapify(free_at)
    for _ in range(progress.waiting):
        heapq.heapreplace(free_at, free_at[0] + mean)
    return max(free_at)


class ProgressDisplay:
    """Shows the progress while its `with` block runs; call `update` again and again.

    n_trials: in total. n_jobs: workers of this machine. Only the process that made it writes: workers are
    forked, and inherit it.
    """

    def __init__(self, queue: TrialQueue, n_trials: int, n_jobs: int, console: Console | None = None) -> None:
        self._queue, self._n_trials, self._n_jobs = queue, n_trials, n_jobs
        self._console = console or terminal.err()
        self._told = {trial.number for trial in queue.ended()}
        self._best: Sequence[FrozenTrial] | None = None
        self._due = 0.0
        self._live: Live | None = None
        self._pid = os.getpid()

    def __enter__(self) -> ProgressDisplay:
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            # no thread and no redirection: neither survives the fork of a worker
            self._live = Live(
                Group(),
                console=self._console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
            for handler in logging.getLogger().handlers:
                handler.addFilter(self._hide_before)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._tell_ended()
        if self._live is not None:
            self._show(Group())
            self._live.stop()
            for handler in logging.getLogger().handlers:
                handler.removeFilter(self._hide_before)

    def update(self) -> None:
        """Tell what has ended since, and renew the table; does nothing within half a second of the last."""
        if time.monotonic() < self._due:
            return
        self._tell_ended()
        if self._live is not None:
            self._show(render_status(self._queue.study.study_name, self._status(), self._n_trials))
        self._due = time.monotonic() + _PERIOD_S

    def _tell_ended(self) -> None:
        new = [trial for trial in self._queue.ended() if trial.number not in self._told]
        if not new:
            return
        self._best = None
        ended = self._queue.progress().ended - len(new)
        for i, trial in enumerate(new, start=1):
            self._told.add(trial.number)
            params = " ".join(f"{key}={value}" for key, value in trial.params.items())
            count = f"{max(ended + i, 0)} of {self._n_trials}"
            _log.info("#%d : %s : %s (%s)", trial.number, params, outcome(trial), count)

    def _status(self) -> SweepStatus:
        study, progress, now = self._queue.study, self._queue.progress(), datetime.now()
        if self._best is None:
            self._best = best_trials(study)
        trials = study.get_trials(deepcopy=False)
        running = [trial for trial in trials if trial.state is TrialState.RUNNING]
        eta_s = expected_seconds(trials, progress, self._n_jobs, now)
        return SweepStatus(progress, self._best, running, eta_s, now)

    def _hide_before(self, _: logging.LogRecord) -> bool:
        """Take the table away before a line is logged; the next update shows it again below."""
        if os.getpid() == self._pid:
            self._show(Group())
            self._due = 0.0
        return True

    def _show(self, content: RenderableType) -> None:
        assert self._live is not None
        self._live.update(content, refresh=True)


def render_status(name: str, status: SweepStatus, n_trials: int) -> RenderableType:
    """Lay out a status: the counts, the best trials, and those that are running."""
    progress = status.progress
    left = "" if not status.eta_s else f", about {format_seconds(round(status.eta_s))} left"
    head = Text.assemble(
        (printable(name), "bold"), f"  {progress.ended} of {n_trials} trials ended", (left, "bold")
    )
    counts = Text(f"{progress.running} running, {progress.waiting} waiting, {progress.complete} finished, ")
    counts.append(f"{progress.pruned} pruned, ").append(f"{progress.failed} failed", _red(progress.failed))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=False)
    for title, justify in (
        ("trial", "right"),
        ("", "left"),
        ("value", "right"),
        ("step", "right"),
        ("time", "right"),
    ):
        table.add_column(title, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("parameters")  # gives way on a narrow terminal
    shown = [*status.best[:_MAX_FRONT], *status.running]
    names = short_names([key for trial in shown for key in trial.params])
    for trial in shown:
        best = trial.state is not TrialState.RUNNING
        step, reported = max(trial.intermediate_values.items(), default=(None, None))
        values = trial.values if best else [] if reported is None else [reported]
        took = trial.duration.total_seconds() if best and trial.duration else _elapsed(trial, status.now)
        params = " ".join(f"{names[key]}={format_value(value)}" for key, value in trial.params.items())
        table.add_row(
            str(trial.number),
            "best" if best else "running",
            " ".join(f"{value:.6g}" for value in values or ()),
            "" if step is None else str(step),
            format_seconds(took),
            Text(printable(params), no_wrap=True, overflow="ellipsis"),
            style="bold" if best else "",
        )
    front = len(status.best) - _MAX_FRONT
    more = [Text(f"and {front} more in the Pareto front", style="dim")] if front > 0 else []
    return Group("", head, counts, table, *more)


def _red(count: int) -> str:
    return "red" if count else ""


def outcome(trial: FrozenTrial) -> str:
    """Say in a few words what came out of a trial that has ended."""
    if trial.state is TrialState.FAIL:
        return f"failed: {next(iter(str(trial.user_attrs.get(REASON)).splitlines()), '')}"
    values = " ".join(f"{value:.6g}" for value in trial.values or ())
    step = max(trial.intermediate_values, default=0)
    return values if trial.state is TrialState.COMPLETE else f"pruned at step {step}, with {values}"


def format_seconds(seconds: float) -> str:
    """Format a duration with its two largest units: `0.4 s`, `42 s`, `3 min 20 s`, `1 h 05 min`."""
    whole = round(seconds)
    for size, unit, smaller, smaller_unit in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller:02d} {smaller_unit}"
    return f"{whole} s" if whole >= 10 else f"{seconds:.2g} s"


def _elapsed(trial: FrozenTrial, now: datetime) -> float:
    started = trial.datetime_start
    return 0.0 if started is None else max(0.0, (now - started).total_seconds())
