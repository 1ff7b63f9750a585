"""`raasid submit` and `raasid jobs` on a real Slurm: what a job runs, and what is said about it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback_slurm import Slurm

REPO = Path(__file__).resolve().parents[2]
TINY = ("data=synthetic_tiny", "debug=limit", "trainer=cpu")
SMALL = ("hydra.launcher.cpus_per_task=1", "hydra.launcher.mem_gb=1.5")


def raasid(slurm: Slurm, folder: Path, *words: str, code: Path = REPO, status: int = 0) -> str:
    """Run a command in a folder, as a user of the cluster; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "raasid", *words],
        cwd=folder,
        env={**slurm.environ, "PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def submit(slurm: Slurm, folder: Path, *words: str, code: Path = REPO) -> str:
    """Submit; return the job's id."""
    return raasid(slurm, folder, "submit", *words, *SMALL, f"paths.root={folder}", code=code).split()[0]


def jobs(slurm: Slurm, folder: Path) -> dict[str, dict[str, Any]]:
    """Return what `raasid jobs` says, by job."""
    listed = json.loads(raasid(slurm, folder, "jobs", "--root", str(folder), "--json"))
    return {row["job"]: row for row in listed}


def wait_for(condition: Callable[[], Any], patience_s: float = 240.0) -> Any:
    """Return the first true value of a condition."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.3)
    raise AssertionError("nothing came of it")


def stand_in(folder: Path, script: str) -> str:
    """Write a program that takes the place of Python in a job; return the option that names it."""
    program = folder / "program.sh"
    program.write_text(f"#!/bin/bash\n{script}\n")
    program.chmod(0o755)
    return f"hydra.launcher.python='{program}'"


def test_a_job_runs_the_code_and_the_configuration_of_its_submission(slurm: Slurm, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    code = tmp_path / "checkout"
    for name in ("raasid", "conf", "hydra_plugins"):
        shutil.copytree(REPO / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
    held = "hydra.launcher.additional_parameters={hold: true}"
    job = submit(slurm, tmp_path, "train", *TINY, held, code=code)
    assert jobs(slurm, tmp_path)[job]["state"] == "PENDING"

    (code / "raasid/pipeline/train.py").write_text("raise AssertionError('the code was edited')\n")
    (code / "conf/optimizer/adamw.yaml").write_text("the configuration: was edited\n")
    slurm.run("scontrol", "release", job)
    wait_for(lambda: jobs(slurm, tmp_path)[job]["state"] not in ("PENDING", "RUNNING", "COMPLETING"))
    row = jobs(slurm, tmp_path)[job]
    assert row["state"] == "COMPLETED", Path(row["log"]).read_text()
    assert row["exit_status"] == 0
    assert (Path(row["run_dir"]) / "checkpoints" / "best.ckpt").is_file()
    assert row["metric"].startswith("val/detection_rate ")
    assert "checkpoint" in raasid(slurm, tmp_path, "jobs", "logs", job, "--root", str(tmp_path))


def test_what_cannot_run_is_refused_before_it_waits_in_the_queue(slurm: Slurm, tmp_path: Path) -> None:
    output = raasid(slurm, tmp_path, "submit", "train", "optimizer.lr=fast", status=2)
    assert "optimizer.lr" in output
    output = raasid(slurm, tmp_path, "submit", "train", "hydra.launcher.nodes=0", status=2)
    assert "hydra.launcher.nodes" in output
    assert "after=ok:JOB" in raasid(slurm, tmp_path, "submit", "train", "after=never:1", status=2)
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize("accounting", [False, True], ids=["without slurmdbd", "with slurmdbd"])
def test_the_state_of_a_job_is_what_became_of_it(
    accounting: bool, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    slurm: Slurm = request.getfixturevalue("slurm_with_accounting" if accounting else "slurm")
    tmp_path.chmod(0o755)
    (tmp_path / "killed").mkdir()

    def start(name: str, script: str, *more: str) -> str:
        (tmp_path / name).mkdir(exist_ok=True)
        return submit(slurm, tmp_path, "train", stand_in(tmp_path / name, script), *more)

    ends_well = start("done", "exit 0")
    fails = start("failed", "echo what went wrong; exit 7")
    killed = start("sigkill", "kill -9 $$")
    cancelled = start("cancelled", "sleep 300")
    waits = start("waits", "exit 0", "after=ok:" + cancelled)
    setup = start("setup", "exit 0", "hydra.launcher.setup=[ls /no/such/module]")
    requeued = start("requeued", '[ "$SLURM_RESTART_COUNT" = 1 ] || exit 75')
    wait_for(lambda: jobs(slurm, tmp_path)[cancelled]["state"] == "RUNNING")
    raasid(slurm, tmp_path, "jobs", "cancel", cancelled, "--root", str(tmp_path))
    wait_for(lambda: jobs(slurm, tmp_path)[requeued]["state"] == "COMPLETED")
    wait_for(lambda: jobs(slurm, tmp_path)[cancelled]["state"] == "CANCELLED")

    found = jobs(slurm, tmp_path)
    assert {job: found[job]["state"] for job in (ends_well, fails, killed, cancelled, setup, requeued)} == {
        ends_well: "COMPLETED",
        fails: "FAILED",
        killed: "FAILED",
        cancelled: "CANCELLED",
        setup: "FAILED",
        requeued: "COMPLETED",
    }
    assert found[fails]["reason"] == "exit status 7"
    assert found[requeued]["restarts"] == 1
    assert found[waits]["state"] in ("PENDING", "CANCELLED")
    after = raasid(
        slurm, tmp_path, "submit", "train", f"after=ok:{fails}", f"paths.root={tmp_path}", status=2
    )
    assert f"after=ok:{fails}: that job has ended, as FAILED" in after
    assert "what went wrong" in Path(found[fails]["log"]).read_text()
    if found[waits]["state"] == "PENDING":
        raasid(slurm, tmp_path, "jobs", "cancel", waits, "--root", str(tmp_path))


@pytest.mark.soak(only=True)
def test_a_job_whose_node_fails_is_queued_again_and_is_not_called_failed(
    slurm: Slurm, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    once = stand_in(tmp_path, '[ "${SLURM_RESTART_COUNT:-0}" = 1 ] || sleep 300')
    job = submit(slurm, tmp_path, "train", once, "hydra.launcher.nodelist=n2")
    wait_for(lambda: jobs(slurm, tmp_path)[job]["state"] == "RUNNING")
    slurm.kill_node("n2")
    wait_for(lambda: jobs(slurm, tmp_path)[job]["state"] == "PENDING")
    slurm.start_node("n2")
    wait_for(lambda: jobs(slurm, tmp_path)[job]["state"] == "COMPLETED")
    assert jobs(slurm, tmp_path)[job]["restarts"] == 1
