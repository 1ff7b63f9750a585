"""A job that its time limit ends, and one whose command fails, with and without accounting."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from loopback_slurm import Slurm, missing
from test_submit import jobs, raasid, stand_in, submit, wait_for

IGNORES_SIGNALS = "trap '' USR1 TERM; echo begun; while :; do sleep 1; done"
EARLIER = """
UPDATE loop_job_table SET state = 3, time_submit = time_submit - 86400, time_eligible = time_eligible - 86400,
time_start = time_start - 86400, time_end = time_end - 86400 WHERE id_job = {job}
"""
"""Makes the accounting know an earlier job of the same number, which ended well, in place of a job."""
FAILS = f"""exec {sys.executable} -c "
import sys; import raasid.pipeline.train as module
def train(cfg, run_dir): raise ArithmeticError('what went wrong')
module.train = train
from raasid.cli import main
sys.argv = ['raasid', *sys.argv[3:]]
main()" "$@"
"""


@pytest.mark.soak(only=True)
def test_a_job_ended_by_its_time_limit_and_one_that_failed_are_told_apart_and_explained(
    slurm: Slurm, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    clusters = {"without": slurm}
    if not missing(accounting=True):
        clusters["with"] = request.getfixturevalue("slurm_with_accounting")
    limited, failed = {}, {}
    for name, cluster in clusters.items():
        root = tmp_path / name
        for kind in ("limited", "failed"):
            (root / kind).mkdir(parents=True)
        root.chmod(0o755)
        limited[name] = submit(cluster, root, "train", stand_in(root / "limited", IGNORES_SIGNALS))
        failed[name] = submit(cluster, root, "train", stand_in(root / "failed", FAILS))
    for name, cluster in clusters.items():
        root, job = tmp_path / name, limited[name]
        wait_for(lambda c=cluster, r=root, job=job: jobs(c, r)[job]["state"] == "RUNNING")
        # the limit that a user sets is a minute at least; the controller looks every 30 seconds
        cluster.run("scontrol", "update", f"JobId={job}", "TimeLimit=0")
    for name, cluster in clusters.items():
        root, job = tmp_path / name, limited[name]
        wait_for(lambda c=cluster, r=root, job=job: jobs(c, r)[job]["state"] not in ("RUNNING", "COMPLETING"))
        assert jobs(cluster, root)[job]["state"] == "TIMEOUT"

        wait_for(lambda c=cluster, r=root, job=failed[name]: jobs(c, r)[job]["state"] == "FAILED")
        row = jobs(cluster, root)[failed[name]]
        assert row["exit_status"] == 1
        assert row["reason"] == "ArithmeticError: what went wrong"
        log = raasid(cluster, root, "jobs", "logs", failed[name], "--root", str(root))
        assert "Traceback (most recent call last):" in log
        assert "in train" in log

    if "with" not in clusters:
        return
    cluster, root, job = clusters["with"], tmp_path / "with", limited["with"]
    gone = ["squeue", "-h", "-t", "all", "-j", job]
    wait_for(lambda: not subprocess.run(gone, env=cluster.environ, capture_output=True).stdout)
    (final,) = (file for file in root.rglob("0.final") if "TIMEOUT" in file.read_text())
    final.unlink()
    assert jobs(cluster, root)[job]["state"] == "TIMEOUT"  # as the accounting remembers

    final.unlink()
    database = [
        "mariadb",
        "--no-defaults",
        "--socket",
        cluster.home / "mysql.sock",
        "-u",
        "root",
        "slurm_acct",
    ]
    cluster.run(*database, "-e", EARLIER.format(job=job))
    known = cluster.run("sacct", "-n", "-P", "-X", "-S", "2020-01-01", "-j", job, "-o", "State").split()
    assert known == ["COMPLETED"]
    assert jobs(cluster, root)[job]["state"] == "FAILED"
