"""What a sweep shows while it runs: a table that leaves no trace in a terminal, lines elsewhere."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import optuna
import pytest
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from rich.console import Console

from raasid.sweeps import progress_display
from raasid.sweeps.progress_display import ProgressDisplay, expected_seconds, format_seconds, render_status
from raasid.sweeps.trial_queue import REASON, Progress, TrialQueue

NOW = datetime(2026, 11, 30, 12)
SPACE: dict[str, BaseDistribution] = {"model.lr": FloatDistribution(0, 1), "+x": FloatDistribution(0, 1e6)}


def made(state: TrialState, seconds: float = 60, value: float | None = None, **attrs: str) -> FrozenTrial:
    """A trial that ran for `seconds` up to NOW, with two reports."""
    trial = create_trial(
        state=state,
        value=value,
        params={"model.lr": 0.123456789, "+x": 7.0},
        distributions=SPACE,
        intermediate_values={50: 0.25, 100: 0.5},
        user_attrs={f"raasid:{key}": text for key, text in attrs.items()},
    )
    trial.datetime_start = NOW - timedelta(seconds=seconds)
    trial.datetime_complete = NOW if state.is_finished() else None
    return trial


def running(seconds: float) -> FrozenTrial:
    trial = made(TrialState.WAITING, seconds)
    trial.state = TrialState.RUNNING
    return trial


@pytest.fixture
def queue(tmp_path: Path) -> TrialQueue:
    study = optuna.create_study(study_name="ball-0a1b2c", direction="maximize")
    return TrialQueue(study, tmp_path / "leases")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """A terminal of 100 columns, that is renewed at once, and whose log lines go to the same place."""
    monkeypatch.setattr(progress_display, "_PERIOD_S", 0)
    file = io.StringIO()
    handler = logging.StreamHandler(file)
    logging.getLogger().addHandler(handler)
    logging.getLogger("raasid").setLevel(logging.INFO)
    yield Console(file=file, force_terminal=True, width=100, height=40, highlight=False, _environ={})
    logging.getLogger().removeHandler(handler)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def waiting(number: int) -> Progress:
    return Progress(complete=2, pruned=1, failed=1, running=0, waiting=number)


@pytest.mark.parametrize(
    ("trials", "left", "n_jobs", "expected"),
    [
        ([], 4, 2, None),
        ([made(TrialState.FAIL, 1)], 4, 2, None),
        ([made(TrialState.COMPLETE, 60, 1.0), made(TrialState.FAIL, 1)], 4, 2, 120),
        ([made(TrialState.COMPLETE, 90, 1.0), made(TrialState.PRUNED, 30, 0.5)], 3, 2, 120),
        ([made(TrialState.COMPLETE, 60, 1.0), running(45)], 0, 4, 15),
        ([made(TrialState.COMPLETE, 60, 1.0), running(45), running(600)], 2, 2, 75),
        ([made(TrialState.COMPLETE, 60, 1.0), *[running(0)] * 3], 0, 1, 60),
    ],
)
def test_the_time_left_follows_from_the_trials_so_far_and_from_who_is_free(
    trials: Sequence[FrozenTrial], left: int, n_jobs: int, expected: float | None
) -> None:
    assert expected_seconds(trials, waiting(left), n_jobs, NOW) == expected


def test_durations_are_written_with_two_units() -> None:
    shown = [format_seconds(seconds) for seconds in (0.21, 9.4, 59.4, 59.6, 200, 3900, 183600)]
    assert shown == ["0.21 s", "9.4 s", "59 s", "1 min 00 s", "3 min 20 s", "1 h 05 min", "2 d 03 h"]


def test_the_table_has_the_best_and_the_running_trials_with_their_last_report() -> None:
    best = made(TrialState.COMPLETE, 200, 0.912345678)
    status = progress_display.SweepStatus(waiting(3), [best], [running(45)], 130, NOW)
    console = Console(file=io.StringIO(), width=100, _environ={})
    console.print(render_status("ball-0a1b2c", status, 9))
    lines = [" ".join(line.split()) for line in written(console).splitlines() if line.strip()]
    assert lines[0] == "ball-0a1b2c 4 of 9 trials ended, about 2 min 10 s left"
    assert lines[1] == "0 running, 3 waiting, 2 finished, 1 pruned, 1 failed"
    assert lines[3] == "-1 best 0.912346 100 3 min 20 s lr=0.1235 x=7"
    assert lines[4] == "-1 running 0.5 100 45 s lr=0.1235 x=7"


def test_a_narrow_terminal_cuts_parameters_and_nothing_else() -> None:
    status = progress_display.SweepStatus(waiting(3), [], [running(45)], None, NOW)
    console = Console(file=io.StringIO(), width=42, _environ={})
    console.print(render_status("ball", status, 9))
    (row,) = [line for line in written(console).splitlines() if "running " in line and "45 s" in line]
    assert row.split()[1:6] == ["running", "0.5", "100", "45", "s"]
    assert "…" in row


def test_names_from_outside_control_no_terminal(queue: TrialQueue) -> None:
    trial = running(1)
    trial.params["+x"] = "\x1b[2J[red]"
    status = progress_display.SweepStatus(waiting(3), [], [trial], None, NOW)
    console = Console(file=io.StringIO(), width=100, _environ={})
    console.print(render_status("a\x1b[31m", status, 9))
    assert "\x1b" not in written(console)
    assert "[red]" in written(console)


def test_a_pipe_gets_a_line_for_each_trial_that_ended_since_and_no_table(
    queue: TrialQueue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "raasid")
    queue.study.add_trial(made(TrialState.COMPLETE, value=0.9))
    console = Console(file=io.StringIO(), width=100, _environ={})
    with ProgressDisplay(queue, 5, 1, console) as display:
        queue.study.add_trial(made(TrialState.COMPLETE, value=0.91))
        display.update()
        queue.study.add_trial(made(TrialState.PRUNED, value=0.5))
        queue.study.add_trial(made(TrialState.FAIL, reason="no such camera\nTraceback"))
    params = "model.lr=0.123456789 +x=7.0"
    assert caplog.messages == [
        f"#1 : {params} : 0.91 (2 of 5)",
        f"#2 : {params} : pruned at step 100, with 0.5 (3 of 5)",
        f"#3 : {params} : failed: no such camera (4 of 5)",
    ]
    assert written(console) == ""
    assert REASON == "raasid:reason"


def test_the_table_stands_below_the_log_and_leaves_no_trace(queue: TrialQueue, screen: Console) -> None:
    queue.study.add_trial(made(TrialState.COMPLETE, value=0.9))
    with ProgressDisplay(queue, 5, 1, screen) as display:
        display.update()
        assert "ball-0a1b2c" in shown_by(written(screen))
        logging.getLogger("raasid.sweeps").info("trial 7: its process died")
        assert shown_by(written(screen)).split("\n") == ["trial 7: its process died", ""]
        display.update()
        assert "best" in shown_by(written(screen))
        queue.study.add_trial(made(TrialState.COMPLETE, value=0.95))
        display.update()
    lines = shown_by(written(screen)).split("\n")
    assert lines == ["trial 7: its process died", "#1 : model.lr=0.123456789 +x=7.0 : 0.95 (2 of 5)", ""]
    assert written(screen).rstrip("\r").endswith("\x1b[?25h"), "the cursor is visible again"


def shown_by(stream: str) -> str:
    """What a terminal shows after these characters: Rich writes lines, goes up, and erases lines."""
    lines, row, i = [""], 0, 0
    while i < len(stream):
        end = i + 1
        if stream[i] == "\x1b":
            while not stream[end].isalpha():
                end += 1
            code = stream[i + 2 : end + 1]
            row -= int(code[:-1]) if code.endswith("A") else 0
            lines[row] = "" if code == "2K" else lines[row]
            end += 1
        elif stream[i] == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif stream[i] != "\r":
            lines[row] += stream[i]
        i = end
    return "\n".join(lines[: row + 1])
