"""The scripts of `slurm/`, submitted as a user does who has edited nothing but the resources."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from loopback_slurm import Slurm

REPO = Path(__file__).resolve().parents[2]
TINY = [
    "data=synthetic_tiny",
    "data.samples_per_epoch=40",
    "model.channels=8",
    "optimizer=sgd",  # rounding moves a step of Adam's, whose size does not depend on that of the gradient
    "optimizer.lr=0.0001",
    "trainer.max_epochs=2",
    "trainer.limit_val_batches=0",
    "test=false",
    "register=false",
]
SMALL = ["--cpus-per-task=1", "--mem=1500", "--gpus-per-task=0"]


def sbatch(slurm: Slurm, folder: Path, script: str, *words: str, options: tuple[str, ...] = ()) -> str:
    """Submit a script of `slurm/` in a folder; return the job's id."""
    folder.chmod(0o755)
    environ = {"PATH": f"{Path(sys.executable).parent}:{slurm.environ['PATH']}", "PYTHONPATH": str(REPO)}
    command = ["sbatch", "--parsable", *SMALL, *options, REPO / "slurm" / script, *words]
    return slurm.run(*command, cwd=folder, **environ).strip()


def losses(run: Path) -> list[float]:
    """Training losses of a run, one for each logged step."""
    with (run / "metrics.csv").open(newline="") as file:
        return [float(row["train/loss"]) for row in csv.DictReader(file) if row.get("train/loss")]


def test_two_nodes_train_what_one_process_trains_with_the_same_global_batch(
    slurm: Slurm, tmp_path: Path
) -> None:
    alone = [sys.executable, "-m", "raasid", "train", *TINY, "trainer=cpu", "trainer.log_every_n_steps=1"]
    environ = {**slurm.environ, "PYTHONPATH": str(REPO), "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [*alone, f"paths.root={tmp_path}", f"hydra.run.dir={tmp_path}/alone"],
        env=environ,
        check=True,
        cwd=tmp_path,
    )
    nodes = ("--nodes=2", "--ntasks-per-node=1")
    words = [*TINY, "trainer.accelerator=cpu", "trainer.log_every_n_steps=1"]
    job = sbatch(slurm, tmp_path, "train_multinode.sbatch", *words, options=nodes)
    states = slurm.wait(job)
    (log,) = tmp_path.glob(f"*-{job}.out")
    assert set(states.values()) == {"COMPLETED"}, log.read_text()
    together = losses(tmp_path / "logs" / "train" / job)
    assert len(together) >= 6
    assert together == pytest.approx(losses(tmp_path / "alone"), abs=1e-4)


def test_the_status_of_a_script_is_that_of_its_command(slurm: Slurm, tmp_path: Path) -> None:
    jobs = [
        sbatch(slurm, tmp_path, name, "optimizer.lr=fast", options=options)
        for name, options in (
            ("train.sbatch", ()),
            ("train_multinode.sbatch", ("--nodes=2", "--ntasks-per-node=1")),
            ("sweep_workers.sbatch", ("--array=0-1",)),
        )
    ]
    for job in jobs:
        assert set(slurm.wait(job).values()) == {"FAILED"}
    assert "ExitCode=2:0" in slurm.run("scontrol", "show", "job", jobs[0])
