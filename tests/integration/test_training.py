"""`raasid train` and `raasid evaluate`, run as the real commands."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from in_process import call_raasid
from integration_runs import RunCli, Trained, losses, only_run
from killed_command import killed_before


def weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    loaded = torch.load(checkpoint, weights_only=True)
    return {**{f"raw.{k}": v for k, v in loaded["raw_state_dict"].items()}, **loaded["state_dict"]}


def flat_weights(checkpoint: Path) -> torch.Tensor:
    """All trained weights in one row."""
    raw = torch.load(checkpoint, weights_only=True)["raw_state_dict"]
    return torch.cat([raw[k].flatten().double() for k in sorted(raw) if k.endswith(("weight", "bias"))])


def metric_line(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if re.match(rf"{name}\s", line))


def test_a_run_leaves_everything_that_scripts_rely_on(trained: Trained) -> None:
    run = trained.run
    for name in ("best.ckpt", "last.ckpt"):
        assert (run / "checkpoints" / name).is_file()
    for name in ("metrics.csv", "metrics.json", "report.html", "lineage.json", ".hydra/config.yaml"):
        assert (run / name).is_file()
    for path in (run, run / "checkpoints/best.ckpt", run / "report.html"):
        assert str(path) in trained.stdout
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["counts"]["matches"] == 1
    assert len(losses(run)) == 12


def test_evaluating_the_checkpoint_repeats_the_figures_exactly(
    call_cli: RunCli, trained: Trained, league: list[str], tmp_path: Path
) -> None:
    again = call_cli("evaluate", f"ckpt_path={trained.run}/checkpoints/best.ckpt", league[0], league[-1])
    assert again.returncode == 0, again.stderr
    for name in ("detection_rate", "false_positives", "ap"):
        assert metric_line(again.stdout, name) == metric_line(trained.stdout, name)
    first, second = (
        json.loads((run / "metrics.json").read_text())
        for run in (trained.run, only_run(tmp_path, "evaluate"))
    )
    assert first["estimates"] == second["estimates"]


LONGER = [
    "trainer.max_epochs=6", "data.samples_per_epoch=20", "test=false",
    "callbacks.hard_negatives.start=5", "callbacks.hard_negatives.frames=4",
]  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(league: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint at the end of an uninterrupted run."""
    root = tmp_path_factory.mktemp("undisturbed")
    done = call_raasid("train", *league, *LONGER, f"paths.root={root}")
    assert done.returncode == 0, done.stderr
    return only_run(root) / "checkpoints/last.ckpt"


@pytest.mark.parametrize("every_n_steps", ["null", "2"])
def test_a_killed_run_continues_to_bit_equal_weights(
    call_cli: RunCli, league: list[str], undisturbed: Path, tmp_path: Path, every_n_steps: str
) -> None:
    saves = f"callbacks.model_checkpoint.every_n_train_steps={every_n_steps}"
    words = [*league, *LONGER, saves, f"paths.root={tmp_path}"]
    assert killed_before("*/checkpoints/last.ckpt", 2, "train", *words)
    last = only_run(tmp_path) / "checkpoints/last.ckpt"
    assert 0 < torch.load(last, weights_only=True)["global_step"] < 30

    resumed = call_cli("train", *words, "ckpt_path=last")
    assert resumed.returncode == 0, resumed.stderr
    ours, theirs = weights(last), weights(undisturbed)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    with (only_run(tmp_path) / "metrics.csv").open(newline="") as file:
        steps = [int(row["step"]) for row in csv.DictReader(file)]
    assert steps == sorted(steps)


def test_two_processes_train_like_one(league: list[str], tmp_path: Path) -> None:
    arguments = [
        *league, "trainer.max_epochs=2", "data.samples_per_epoch=40", "trainer.log_every_n_steps=1",
        "test=false", "model.channels=8", "optimizer=sgd",
        "trainer.limit_val_batches=0",
    ]  # fmt: skip
    # In 32 bits the order of a sum changes the result by up to 0.7 % of the weight change on some processors.
    in_64_bits = [sys.executable, str(Path(__file__).with_name("in_64_bits.py")), *arguments]
    ranks = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
    for extra in (
        ["-m", "optimizer.lr=1e-12,0.0001", f"paths.root={tmp_path / 'one'}"],
        ["optimizer.lr=0.0001", *ranks, f"paths.root={tmp_path / 'two'}"],
    ):
        done = subprocess.run([*in_64_bits, *extra], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    sweep = only_run(tmp_path / "one")
    still, one, two = sweep / "0", sweep / "1", only_run(tmp_path / "two")
    assert len(losses(one)) == len(losses(two)) == 20
    assert losses(two) == pytest.approx(losses(one), abs=1e-5)
    unmoved, alone, together = (flat_weights(run / "checkpoints/last.ckpt") for run in (still, one, two))
    assert (together - alone).norm() < 1e-3 * (alone - unmoved).norm()
