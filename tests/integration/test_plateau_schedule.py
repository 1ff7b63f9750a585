"""`scheduler=plateau` through the real command, on metrics that every task logs at its validations."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from integration_runs import only_run

TINY = {
    "ball": ("data=synthetic_tiny", "model.channels=4", "data.samples_per_epoch=8"),
    "pose": (
        "data.matches=3", "data.val_matches=1", "data.test_matches=1", "data.clips_per_match=1",
        "data.frames_per_clip=2", "data.samples_per_epoch=4", "data.size=[256,144]", "data.num_workers=0",
        "model.channels=8", "model.joint_channels=8",
    ),
    "context": (
        "data.matches=3", "data.val_matches=1", "data.test_matches=1", "data.clips_per_match=2",
        "data.scenario_frames=8", "data.num_workers=0", "data.batch_size=4", "data.tracks.extra_clips=4",
        "data.tracks.calibration_clips=3", "model.width=16",
    ),
}  # fmt: skip


EVERY_SECOND = ("trainer.max_epochs=4", "trainer.check_val_every_n_epoch=2")


def logged(run: Path, name: str) -> list[float]:
    with (run / "metrics.csv").open(newline="") as file:
        return [float(row[name]) for row in csv.DictReader(file) if row.get(name)]


@pytest.mark.parametrize(
    ("task", "validations"), [("ball", ()), ("pose", EVERY_SECOND), ("context", EVERY_SECOND)]
)
def test_every_task_can_lower_its_rate_by_the_validation_loss(
    task: str, validations: tuple[str, ...], call_cli: Any, tmp_path: Path
) -> None:
    # the preset of the ball model validates every ninth epoch, its last one
    done = call_cli(
        "train", f"experiment={task}", *TINY[task], *validations, "test=false", "register=false",
        "scheduler=plateau", "scheduler.monitor=val/loss", "scheduler.mode=min",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    values = logged(run, "val/loss")
    assert len(values) == (2 if validations else 1)
    last = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    (schedule,) = last["lr_schedulers"]
    assert schedule["best"] == min(values)
    assert schedule["last_epoch"] == len(values)
    assert last["epoch"] == (3 if validations else 8)
