"""Trainings that signals end: the exit status, the message, and what a resumed run makes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from in_process import call_raasid
from integration_runs import RunCli, only_run
from soak import rounds

from raasid.training.stop_signals import StopAtStep

LONGER = (
    "debug=limit", "trainer.max_epochs=4", "data.samples_per_epoch=20", "trainer.log_every_n_steps=1",
    "callbacks.hard_negatives.start=5", "callbacks.hard_negatives.frames=4", "test=false",
)  # fmt: skip
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 75, signal.SIGUSR1: 75, signal.SIGUSR2: 75}


@pytest.fixture(scope="module")
def undisturbed(league: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("undisturbed")
    done = call_raasid("train", *league, *LONGER, f"paths.root={root}")
    assert done.returncode == 0, done.stderr
    return only_run(root)


def state(run: Path) -> dict[str, torch.Tensor]:
    loaded = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    raw = {f"raw.{name}": value for name, value in loaded["raw_state_dict"].items()}
    return raw | loaded["state_dict"]


def signal_at(moment: int, number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send this process a signal at the `moment`th time that a training looks for one."""
    original, count = StopAtStep._stop_if_asked, 0

    def stop_if_asked(self: StopAtStep, trainer: object) -> None:
        nonlocal count
        count += 1
        if count == moment:
            os.kill(os.getpid(), number)
        original(self, trainer)  # type: ignore[arg-type]

    monkeypatch.setattr(StopAtStep, "_stop_if_asked", stop_if_asked)


# of 24 moments: after a step, before a validation, in one and at the end of an epoch; then, of the resumed
# run, within the validation that it repeats, and after it
MOMENTS = (2,), (3,), (5, 1), (5, 3), (6,)
ALL_MOMENTS = [(moment,) for moment in range(1, 25)] + [(5, then) for then in range(1, 6)]


@pytest.mark.soak
@pytest.mark.parametrize("moments", ALL_MOMENTS if rounds(0, 1) else MOMENTS)
def test_a_training_that_a_signal_ended_continues_as_if_nothing_had_happened(
    moments: tuple[int, ...],
    league: list[str],
    undisturbed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = [*league, *LONGER, f"paths.root={tmp_path}"]
    for attempt, moment in enumerate(moments):
        number = list(STATUS)[moment % 4]
        with monkeypatch.context() as patch:
            signal_at(moment, number, patch)
            ended = call_raasid("train", *words, *["ckpt_path=last"] * bool(attempt))
        assert ended.returncode == STATUS[number], ended.stderr
        word = "interrupted" if number is signal.SIGINT else f"preempted by {number.name}"
        assert ended.stderr.splitlines()[-1].startswith(f"{word} at step ")
        assert ended.stderr.splitlines()[-1].endswith("; continue with ckpt_path=last")
        assert "Traceback" not in ended.stderr

    resumed = call_raasid("train", *words, "ckpt_path=last")
    assert resumed.returncode == 0, resumed.stderr
    run = only_run(tmp_path)
    assert (run / "metrics.csv").read_text() == (undisturbed / "metrics.csv").read_text()
    ours, theirs = state(run), state(undisturbed)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_real_process_ends_with_the_status_of_its_signal(league: list[str], tmp_path: Path) -> None:
    """Also one with workers in its process group, as a scheduler and a terminal signal it."""
    words = [*league, *LONGER, "trainer.max_epochs=500", "data.num_workers=1", f"paths.root={tmp_path}"]
    for number, again in ((signal.SIGTERM, []), (signal.SIGINT, ["ckpt_path=last"])):
        process = subprocess.Popen(
            [sys.executable, "-m", "raasid", "train", *words, *again],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        wait_for_growth(tmp_path)
        os.killpg(process.pid, number)
        _, err = process.communicate(timeout=60)
        assert process.returncode == STATUS[number], err
        assert "Traceback" not in err
        assert "at step" in err.splitlines()[-1]


def wait_for_growth(root: Path) -> None:
    """Return when a process below `root` has logged a step since this call."""
    files = "logs/train/*/metrics.csv"
    size = sum(file.stat().st_size for file in root.glob(files))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if sum(file.stat().st_size for file in root.glob(files)) > size:
            return
        time.sleep(0.05)
    raise AssertionError("no step was logged")


def test_a_signal_before_the_first_step_ends_a_training_at_once(
    call_cli: RunCli, league: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import raasid.pipeline.train as pipeline

    monkeypatch.setattr(pipeline, "fit", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    ended = call_cli("train", *league, *LONGER)
    assert ended.returncode == 75
    assert ended.stderr.splitlines()[-1] == (
        "preempted by SIGTERM during the preparation; continue with ckpt_path=last"
    )
    monkeypatch.undo()
    resumed = call_cli("train", *league, *LONGER, "trainer.max_epochs=1", "ckpt_path=last")
    assert resumed.returncode == 0, resumed.stderr
    assert f"{only_run(tmp_path)}: has no checkpoint yet, and starts from the beginning" in resumed.stderr
