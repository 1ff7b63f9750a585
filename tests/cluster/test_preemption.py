"""A training on two nodes that is preempted at any moment ends bit for bit as if it had not been."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from loopback_slurm import Slurm
from soak import SOAK
from test_submit import SMALL, raasid, wait_for

from raasid.cluster.job_record import find_job, read_notes

STEP_NOTES = """
import os, time
from pathlib import Path
from lightning.pytorch import Callback

class StepNotes(Callback):
    # Tells what rank 0 does, as `RESTART EVENT STEP`; all of it takes a moment, which a signal may hit.
    def __init__(self, file, pause_s):
        self.file, self.pause_s = Path(file), pause_s

    def note(self, event, trainer):
        if trainer.is_global_zero and not trainer.sanity_checking:
            with self.file.open("a") as file:
                file.write(f"{os.environ.get('SLURM_RESTART_COUNT', 0)} {event} {trainer.global_step}\\n")
        time.sleep(self.pause_s)

    def on_train_batch_end(self, trainer, *_):
        self.note("step", trainer)

    def on_validation_batch_start(self, trainer, *_):
        self.note("validation", trainer)
"""
TWO_NODES = (
    "data=synthetic_tiny",
    "data.samples_per_epoch=24",
    "trainer=ddp_nodes",
    "trainer.accelerator=cpu",
    "trainer.max_epochs=3",
    "trainer.limit_val_batches=2",
    "model.channels=4",
    "test=false",
    "register=false",
    "hydra.launcher.nodes=2",
    "hydra.launcher.signal_delay_s=0",
)
SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)


class Training(NamedTuple):
    """A job that trains."""

    job: str
    folder: Path

    def notes(self) -> list[list[str]]:
        """Restart, event and step of what it has done, by rank 0."""
        with suppress(FileNotFoundError):
            return [line.split() for line in (self.folder / "steps").read_text().splitlines()]
        return []

    def lost_steps(self) -> int:
        """Optimiser steps that it has taken more than once."""
        steps = [step for _, event, step in self.notes() if event == "step"]
        return len(steps) - len(set(steps))

    def log(self) -> str:
        """What its processes have printed."""
        return "".join(path.read_text() for path in self.folder.glob("logs/train/*/.jobs/*/*.out"))

    def restarts(self) -> int:
        """How often it was queued again."""
        return read_notes(find_job(self.folder / "logs", self.job).folder, 0).restarts

    def weights(self) -> dict[str, torch.Tensor]:
        """Weights at its end."""
        (last,) = self.folder.glob("logs/train/*/checkpoints/last.ckpt")
        loaded: dict[str, Any] = torch.load(last, weights_only=True)
        return dict(loaded["state_dict"])


def train(slurm: Slurm, folder: Path, data: Path, pause_s: float = 0.15) -> Training:
    """Submit a training that takes 18 steps."""
    folder.mkdir(mode=0o755)
    (folder / "step_notes.py").write_text(STEP_NOTES)
    notes = "+callbacks.notes={_target_: step_notes.StepNotes, file: %s, pause_s: %g}"
    words = ["submit", "train", *TWO_NODES, *SMALL, notes % (folder / "steps", pause_s)]
    path = f"hydra.launcher.setup=['export PYTHONPATH={folder}:$PYTHONPATH']"
    found = raasid(slurm, folder, *words, path, f"paths.root={folder}", f"paths.data={data}")
    return Training(found.split()[0], folder)


def is_there(training: Training, event: str, step: int) -> Callable[[], bool]:
    """Return whether a training is in an event of a step, or past it."""
    return lambda: any(found[1] == event and int(found[2]) >= step for found in training.notes())


def signal_rank(slurm: Slurm, training: Training, rank: int, which: signal.Signals) -> bool:
    """Signal the process of one rank alone; return whether it was still there."""
    with suppress(ProcessLookupError):
        if (process := slurm.process(training.job, rank)) is not None:
            os.kill(process, which)
            return True
    return False


@pytest.fixture(scope="module")
def undisturbed(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> tuple[Training, float]:
    """A run that nothing interrupts, and for how long its processes live in seconds."""
    folder = tmp_path_factory.mktemp("undisturbed")
    for path in (folder, folder.parent):
        path.chmod(0o755)
    training = train(slurm, folder / "run", folder / "data")
    wait_for(lambda: slurm.process(training.job, 0) is not None)
    start = time.monotonic()
    assert slurm.wait(training.job)[training.job] == "COMPLETED", training.log()
    return training, time.monotonic() - start


def check(slurm: Slurm, training: Training, undisturbed: Training) -> None:
    """Assert that a training which was signalled once has ended as the one that was not."""
    assert slurm.wait(training.job) == {training.job: "COMPLETED"}, training.log()
    assert training.restarts() <= 1, training.log()
    assert training.lost_steps() <= 1, training.notes()
    if stopped := re.search(r"preempted by \w+ at step (\d+)", training.log()):
        went_on = [
            int(step) for restart, event, step in training.notes() if (restart, event) == ("1", "step")
        ]
        assert not went_on or went_on[0] - int(stopped[1]) in (0, 1), training.notes()
    found, wanted = training.weights(), undisturbed.weights()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[key], wanted[key]) for key in wanted), training.log()


def test_a_signal_to_one_rank_stops_both_at_one_step_and_the_training_goes_on_there(
    slurm: Slurm, undisturbed: tuple[Training, float], tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    data = undisturbed[0].folder.parent / "data"

    def preempt(name: str) -> None:
        training = train(slurm, tmp_path / name, data)
        moments: dict[str, Callable[[], bool]] = {
            "before_the_first_step": lambda: any(training.folder.glob("logs/train/*/run.json")),
            "in_training": is_there(training, "step", 8),
            "in_validation": is_there(training, "validation", 6),
        }
        wait_for(moments[name])
        which = SIGNALS[sorted(moments).index(name)]
        assert signal_rank(slurm, training, 1, which), training.log()
        check(slurm, training, undisturbed[0])
        assert training.restarts() == 1, training.log()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(preempt, ("before_the_first_step", "in_training", "in_validation")))


@pytest.mark.soak(only=True)
def test_a_signal_at_any_moment_loses_a_step_at_most(
    slurm: Slurm, undisturbed: tuple[Training, float], tmp_path: Path
) -> None:
    assert SOAK
    tmp_path.chmod(0o755)
    reference, duration_s = undisturbed
    generator = random.Random(0)
    moments = [
        (generator.uniform(0, duration_s), generator.choice(SIGNALS), generator.randrange(2))
        for _ in range(20)
    ]

    def preempt(number: int) -> int:
        delay_s, which, rank = moments[number]
        training = train(slurm, tmp_path / str(number), reference.folder.parent / "data")
        wait_for(lambda: slurm.process(training.job, rank) is not None)
        time.sleep(delay_s)
        signal_rank(slurm, training, rank, which)  # one that has ended before has nothing to lose
        check(slurm, training, reference)
        print(number, f"{delay_s:.1f} s", which.name, rank, training.restarts(), training.lost_steps())
        return training.restarts()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(preempt, range(20))) >= 15
