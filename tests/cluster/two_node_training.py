"""A short training on two nodes that tells what it does: 18 steps and a validation after every sixth."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import torch
from loopback_slurm import Slurm
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


def train(slurm: Slurm, folder: Path, data: Path, *more: str, pause_s: float = 0.15) -> Training:
    """Submit the training in a new folder. more: overrides."""
    folder.mkdir(mode=0o755)
    (folder / "step_notes.py").write_text(STEP_NOTES)
    notes = "+callbacks.notes={_target_: step_notes.StepNotes, file: %s, pause_s: %g}"
    words = ["submit", "train", *TWO_NODES, *SMALL, notes % (folder / "steps", pause_s)]
    path = f"hydra.launcher.setup=['export PYTHONPATH={folder}:$PYTHONPATH']"
    found = raasid(slurm, folder, *words, path, f"paths.root={folder}", f"paths.data={data}", *more)
    return Training(found.split()[0], folder)


def is_there(training: Training, event: str, step: int) -> Callable[[], bool]:
    """Return whether a training is in an event of a step, or past it."""
    return lambda: any(found[1] == event and int(found[2]) >= step for found in training.notes())


def train_undisturbed(slurm: Slurm, folder: Path) -> tuple[Training, float]:
    """Train without an interruption; return for how long the processes lived in seconds, too."""
    training = train(slurm, folder / "run", folder / "data")
    wait_for(lambda: slurm.process(training.job, 0) is not None)
    start = time.monotonic()
    assert slurm.wait(training.job)[training.job] == "COMPLETED", training.log()
    return training, time.monotonic() - start
