"""A training whose node is lost, or whose disk is full, goes on from its last checkpoint."""

from __future__ import annotations

from pathlib import Path

import torch
from loopback_slurm import Slurm
from test_submit import jobs, wait_for
from two_node_training import Training, is_there, train


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
