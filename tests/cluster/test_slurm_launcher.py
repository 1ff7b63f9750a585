"""`-m hydra/launcher=slurm` on a real Slurm: an array at once, and the truth about a job that failed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from loopback_slurm import Slurm

REPO = Path(__file__).resolve().parents[2]
FAILS = """
from lightning.pytorch import Callback

class FailOfSeedThree(Callback):
    def on_fit_start(self, trainer, module):
        import os
        if int(os.environ["PL_GLOBAL_SEED"]) == 3:
            raise ArithmeticError("what went wrong in the third job")
"""


def test_an_array_runs_at_once_and_a_failed_task_is_told_with_its_own_traceback(
    slurm_with_accounting: Slurm, tmp_path: Path
) -> None:
    slurm = slurm_with_accounting
    tmp_path.chmod(0o755)
    (tmp_path / "failing.py").write_text(FAILS)
    tiny = ["data=synthetic_tiny", "debug=limit", "trainer=cpu", f"paths.root={tmp_path}"]
    resources = ["hydra/launcher=slurm", "hydra.launcher.cpus_per_task=1", "hydra.launcher.mem_gb=1.5"]
    failing = "+callbacks.failing._target_=failing.FailOfSeedThree"
    done = subprocess.run(
        [sys.executable, str(REPO / "train.py"), "-m", *resources, *tiny, "seed=1,2,3,4", failing],
        cwd=tmp_path,
        env={**slurm.environ, "PYTHONPATH": f"{REPO}:{tmp_path}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 1, output
    assert "ArithmeticError: what went wrong in the third job" in output
    assert 'failing.py", line 8, in on_fit_start' in output  # the frame of the failed task
    (sweep,) = (tmp_path / "logs" / "train").glob("*_sweep")
    trained = {run.name for run in sweep.iterdir() if (run / "checkpoints" / "best.ckpt").is_file()}
    assert trained == {"0", "1", "3"}
    starts = [path.read_text().split() for path in sweep.glob(".jobs/*/state/*.0.start")]
    ends = [path.read_text().split() for path in sweep.glob(".jobs/*/state/*.0.end")]
    assert max(int(start[1]) for start in starts) < min(int(end[1]) for end in ends), "not at once"
    job = starts[0][0]
    listed = slurm.run("sacct", "-n", "-P", "-X", "-o", "JobID,State,ExitCode").splitlines()
    states = {line.split("|")[0]: line.split("|")[1:] for line in listed if "_" in line}
    assert sorted(states.values()) == [["COMPLETED", "0:0"]] * 3 + [["FAILED", "1:0"]], (job, listed)
