"""A training on two nodes that is preempted at any moment ends bit for bit as if it had not been."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from loopback_slurm import Slurm
from soak import SOAK
from test_submit import jobs, submit, wait_for

TWO_NODES = (
    "data=synthetic_tiny",
    "trainer=ddp_nodes",
    "trainer.accelerator=cpu",
    "trainer.max_epochs=4",
    "model.channels=8",
    "test=false",
    "register=false",
    "hydra.launcher.nodes=2",
    "hydra.launcher.signal_delay_s=0",
)


def weights(run: Path) -> dict[str, torch.Tensor]:
    loaded: dict[str, Any] = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    return dict(loaded["state_dict"])


def finish(slurm: Slurm, folder: Path, job: str) -> dict[str, Any]:
    """Wait until a job has ended; a job that is queued again starts at once."""

    def ended() -> dict[str, Any] | None:
        row = jobs(slurm, folder)[job]
        if row["state"] == "PENDING" and row["reason"] == "BeginTime":
            slurm.run("scontrol", "update", f"JobId={job}", "StartTime=now")
        return row if row["state"] in ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT") else None

    row: dict[str, Any] = wait_for(ended)
    assert row["state"] == "COMPLETED", Path(row["log"]).read_text()
    return row


@pytest.fixture(scope="module")
def undisturbed(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A run that nothing interrupts, and how long it takes in seconds."""
    folder = tmp_path_factory.mktemp("undisturbed")
    for path in (folder, folder.parent):
        path.chmod(0o755)
    job = submit(slurm, folder, "train", *TWO_NODES)
    wait_for(lambda: jobs(slurm, folder)[job]["state"] == "RUNNING")
    start = time.monotonic()
    row = finish(slurm, folder, job)
    return Path(row["run_dir"]), time.monotonic() - start


@pytest.mark.soak
def test_a_preempted_training_loses_a_step_at_most_and_ends_with_the_same_weights(
    slurm: Slurm, undisturbed: tuple[Path, float], tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    run, duration_s = undisturbed
    wanted = weights(run)
    moments = 20 if SOAK else 3
    generator = random.Random(0)
    for number in range(moments):
        folder = tmp_path / str(number)
        folder.mkdir(mode=0o755)
        data = f"paths.data={run.parents[2] / 'data'}"
        delay_s, which = generator.uniform(0, duration_s), generator.choice(["USR1", "USR2", "TERM"])
        job = submit(slurm, folder, "train", *TWO_NODES, data)
        while not _signal_after(delay_s, which, slurm, folder, job):  # it had ended before
            delay_s /= 2
            job = submit(slurm, folder, "train", *TWO_NODES, data)
        row = finish(slurm, folder, job)
        found = weights(Path(row["run_dir"]))
        log = Path(row["log"]).read_text()
        assert found.keys() == wanted.keys()
        assert all(torch.equal(found[key], wanted[key]) for key in wanted), (number, delay_s, log)
        assert row["restarts"] <= 1, (number, delay_s, log)


def _signal_after(delay_s: float, which: str, slurm: Slurm, folder: Path, job: str) -> bool:
    """Signal all processes of a job some time after its start; return whether it was still there."""
    wait_for(lambda: jobs(slurm, folder)[job]["state"] != "PENDING")
    time.sleep(delay_s)
    done = subprocess.run(["scancel", "-s", which, job], env=slurm.environ, capture_output=True)
    return done.returncode == 0 and jobs(slurm, folder)[job]["state"] != "COMPLETED"
