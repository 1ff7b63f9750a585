"""A training whose node is lost, or whose disk is full, goes on from its last checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from loopback_slurm import Slurm
from small_disk import small_disk
from test_submit import jobs, raasid, wait_for
from two_node_training import Training, is_there, train


@pytest.mark.soak(only=True)
def test_a_training_goes_on_from_its_last_checkpoint_when_its_node_is_back(
    slurm: Slurm, undisturbed: tuple[Training, float], tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    reference, _ = undisturbed
    every = "callbacks.model_checkpoint.every_n_train_steps=4"
    training = train(slurm, tmp_path / "run", reference.folder.parent / "data", every)
    wait_for(is_there(training, "step", 9))
    slurm.kill_node("n2")
    try:
        wait_for(lambda: slurm.states(training.job)[training.job] == "PENDING")
    finally:
        slurm.start_node("n2")
    assert slurm.wait(training.job) == {training.job: "COMPLETED"}, training.log()
    row = jobs(slurm, training.folder)[training.job]
    assert (row["state"], row["exit_status"], row["restarts"]) == ("COMPLETED", 0, 1)
    again = [int(step) for restart, event, step in training.notes() if (restart, event) == ("1", "step")]
    assert again == list(range(9, 19))  # the checkpoint of step 8
    found, wanted = training.weights(), reference.weights()
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)


def test_a_disk_that_becomes_full_fails_the_job_and_the_checkpoint_before_still_loads(
    slurm: Slurm, undisturbed: tuple[Training, float], tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    with small_disk(tmp_path / "disk") as disk:
        if not disk.is_mounted:
            pytest.skip("this user may not mount a small disk")
        slurm.kill_node("n1")
        slurm.start_node("n1")  # with the mounts of this moment
        root, data = disk.folder / "root", undisturbed[0].folder.parent / "data"
        words = ("hydra.launcher.nodelist=n1", "hydra.launcher.nodes=1", f"paths.root={root}")
        every = "callbacks.model_checkpoint.every_n_train_steps=4"
        training = train(slurm, tmp_path / "notes", data, *words, every)
        wait_for(is_there(training, "step", 5))
        disk.leave(40_000)  # for the lines of logs; a checkpoint is larger
        assert slurm.wait(training.job) == {training.job: "FAILED"}
        listed = jobs(slurm, root)[training.job]
        assert (listed["state"], listed["exit_status"]) == ("FAILED", 1)
        assert "No space left on device" in listed["reason"]
        assert "No space left on device" in raasid(slurm, root, "jobs", "logs", training.job)
        (last,) = root.glob("logs/train/*/checkpoints/last.ckpt")
        assert torch.load(last, weights_only=True)["global_step"] == 4
        assert not list(last.parent.glob(".*"))
        disk.leave(0)
        assert jobs(slurm, root)[training.job]["state"] == "FAILED"
