"""A sweep whose workers are tasks of a Slurm array: nothing is lost and nothing runs twice, whatever dies."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest
from loopback_slurm import Slurm
from optuna.trial import FrozenTrial, TrialState
from test_submit import REPO, SMALL, raasid, wait_for

from raasid.sweeps.study_journal import open_journal
from raasid.sweeps.trial_queue import RETRY_OF

QUICK = """
import os, runpy, signal, sys, time, types
from pathlib import Path

def train(cfg, run_dir):
    # Takes the place of a training. On node n2 it hangs, until its job is started again.
    from raasid.errors import Exit, Stopped

    def stop(*_):
        raise Stopped("stopped", Exit.PREEMPTED)

    signal.signal(signal.SIGTERM, stop)
    here = Path(__file__).parent
    with (here / "begun").open("a") as file:
        file.write(os.environ["SLURMD_NODENAME"] + "\\n")
    while (here / "hold").exists() or (
        os.environ["SLURMD_NODENAME"] == "n2" and os.environ.get("SLURM_RESTART_COUNT", "0") == "0"
        and (here / "hangs").exists()
    ):
        time.sleep(0.1)
    time.sleep(0.5)
    return cfg.optimizer.lr

for name, function in (("train", "train"), ("sweep_registration", "finish_best_trial")):
    module = types.ModuleType(f"raasid.pipeline.{name}")
    setattr(module, function, train if name == "train" else lambda *_: None)
    sys.modules[module.__name__] = module
sys.argv = sys.argv[2:]
runpy.run_module("raasid", run_name="__main__", alter_sys=True)
"""


def sweep(folder: Path, n_jobs: int, cells: int) -> list[str]:
    """Words of a sweep over a grid, whose trials take half a second."""
    (folder / "quick.py").write_text(QUICK)
    grid = ",".join(f"0.{number:03}" for number in range(1, cells + 1))
    return [
        "sweep",
        "hydra/sweeper/sampler=grid",
        f"optimizer.lr=choice({grid})",
        f"hydra.sweeper.n_jobs={n_jobs}",
        "hydra.sweeper.direction=minimize",
        "data=synthetic_tiny",
        f"hydra.launcher.python='{sys.executable} {folder}/quick.py'",
        f"hydra.sweep.dir={folder}/sweep",
        f"paths.root={folder}",
        *SMALL,
    ]


@contextmanager
def started(slurm: Slurm, folder: Path, words: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Start a sweep that waits for its workers; its process does not outlive the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "raasid", *words, "hydra/launcher=slurm"],
        cwd=folder,
        env={**slurm.environ, "PYTHONPATH": str(REPO), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def trials(folder: Path) -> list[FrozenTrial]:
    """Trials of the study."""
    return optuna.load_study(study_name=None, storage=open_journal(folder / "sweep/study.journal")).trials


def begun(folder: Path) -> Counter[str]:
    """How many trials have begun, by node."""
    return Counter((folder / "begun").read_text().split() if (folder / "begun").exists() else ())


def assert_every_cell_once(folder: Path, cells: int) -> None:
    """Assert that each cell has one outcome, and that what was tried again is known as such."""
    found = trials(folder)
    complete = [trial.params["optimizer.lr"] for trial in found if trial.state is TrialState.COMPLETE]
    assert sorted(complete) == [number / 1000 for number in range(1, cells + 1)]
    retried = {trial.user_attrs.get(RETRY_OF) for trial in found}
    rest = [trial for trial in found if trial.state is not TrialState.COMPLETE]
    assert all(trial.state is TrialState.FAIL and trial.number in retried for trial in rest), rest


def test_a_sweep_of_eight_workers_whose_node_is_lost_has_every_trial_once(
    slurm: Slurm, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "hangs").touch()
    with started(slurm, tmp_path, sweep(tmp_path, 8, 10)) as process:
        wait_for(lambda: begun(tmp_path)["n2"] >= 1)
        slurm.kill_node("n2")
        wait_for(lambda: "down" in slurm.run("sinfo", "-h", "-n", "n2", "-o", "%T"))
        slurm.start_node("n2")
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert_every_cell_once(tmp_path, 10)
    assert any(RETRY_OF in trial.user_attrs for trial in trials(tmp_path)), "no trial was lost"
    assert "10 trials complete" in output


@pytest.mark.soak(only=True)
def test_a_sweep_that_is_stopped_cancels_its_workers_and_goes_on_when_it_is_started_again(
    slurm: Slurm, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    words = sweep(tmp_path, 1, 2)
    for which, status in ((signal.SIGINT, 130), (signal.SIGTERM, 75)):
        (tmp_path / "hold").touch()
        (tmp_path / "begun").unlink(missing_ok=True)
        with started(slurm, tmp_path, words) as process:
            wait_for(lambda: begun(tmp_path).total() == 1)
            process.send_signal(which)
            output, _ = process.communicate(timeout=300)
        assert process.returncode == status, output
        assert "type the same again" in output
        assert slurm.run("squeue", "-h", "-n", "sweep") == ""
        retried = {trial.user_attrs.get(RETRY_OF) for trial in trials(tmp_path)}
        left = [trial for trial in trials(tmp_path) if trial.number not in retried]
        assert [trial.state for trial in left] == [TrialState.WAITING] * 2
    (tmp_path / "hold").unlink()
    with started(slurm, tmp_path, words) as process:
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert_every_cell_once(tmp_path, 2)


@pytest.mark.soak(only=True)
def test_a_sweep_is_submitted_as_an_array_of_workers_of_one_study(slurm: Slurm, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    job = raasid(slurm, tmp_path, "submit", *sweep(tmp_path, 2, 3)).split()[0]
    states = slurm.wait(job)
    logs = "".join(path.read_text() for path in tmp_path.glob("sweep/.jobs/*/*.out"))
    assert states == {f"{job}_{task}": "COMPLETED" for task in range(2)}, logs
    assert_every_cell_once(tmp_path, 3)
