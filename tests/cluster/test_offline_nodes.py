"""A node without a network: everything works, and nothing even tries to reach one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from loopback_slurm import Slurm
from test_submit import jobs, raasid, stand_in, wait_for

from raasid.registry.registry import Registry

REPO = Path(__file__).resolve().parents[2]
TINY = (
    "data=synthetic_tiny", "model.channels=4", "debug=limit", "register=true", "logger=wandb", "trainer=cpu",
    "optimized_metric=val/loss",
)  # fmt: skip
SWEEP = (
    "optimizer.lr=choice(1e-9,0.02)", "hydra/sweeper/sampler=grid", "hydra.sweeper.direction=minimize",
    "hydra.sweeper.n_trials=2",
)  # fmt: skip
NOTE_ATTEMPTS = """
import os, sys

def note(event, given):
    if event == "socket.connect" and isinstance(given[1], tuple) and not given[1][0].startswith("127."):
        text = f"connect {given[1][0]}"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        text = f"{event} {given}"
    elif event in ("tempfile.mkdtemp", "tempfile.mkstemp"):
        text = f"temporary {given[0]}"
    else:
        return
    file = os.open(os.environ["NOTED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{text}\\n".encode())
    os.close(file)

sys.addaudithook(note)
"""
CONTROL = 'import socket; socket.socket().connect(("192.0.2.1", 80))'
SCRIPT = f"""
raasid="$1 -m raasid"; root=$2; shift 2
$raasid submit train hydra/launcher=slurm_local "$@" paths.root=$root >$root/job || exit 1
until [ -e $root/logs/train/*/.jobs/*/state/0.0.end ]; do sleep 0.2; done
$raasid jobs --root $root --json >$root/jobs.json || exit 1
$raasid sweep "$@" {" ".join(f"'{word}'" for word in SWEEP)} paths.root=$root || exit 1
cat /proc/net/snmp >$root/counters
{sys.executable} -c '{CONTROL}' 2>/dev/null
cat /proc/net/snmp >$root/counters_after_an_attempt
"""


def attempts(counters: Path) -> int:
    """How often a process of any language addressed a packet to a network that does not exist."""
    names, values = (line.split() for line in counters.read_text().splitlines() if line.startswith("Ip:"))
    return int(values[names.index("OutNoRoutes")])


def skip_without_namespaces() -> list[str]:
    """Return what runs a command without a network; skips where this is not allowed."""
    alone = ["unshare", "--net"]
    if os.geteuid() or subprocess.run([*alone, "ip", "link"], capture_output=True).returncode:
        pytest.skip("no right to make a network namespace, as root has it, or no program ip")
    return alone


def test_without_a_network_all_works_and_nothing_tries_to_reach_one(tmp_path: Path) -> None:
    alone = skip_without_namespaces()
    site, temporary, noted = tmp_path / "site", tmp_path / "temporary", tmp_path / "noted"
    for folder in (site, temporary, tmp_path / "home"):
        folder.mkdir()
    (site / "sitecustomize.py").write_text(NOTE_ATTEMPTS)
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("WANDB_", "ORT_"))}
    environ |= {"PYTHONPATH": f"{site}:{REPO}", "OMP_NUM_THREADS": "1", "NOTED": str(noted)}
    environ |= {"TMPDIR": str(temporary), "HOME": str(tmp_path / "home")}
    words = [*alone, "bash", "-c", SCRIPT, "offline", sys.executable, str(tmp_path), *TINY]
    done = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

    (job,) = json.loads((tmp_path / "jobs.json").read_text())
    assert job["state"] == "COMPLETED", Path(job["log"]).read_text()
    versions = Registry(tmp_path / "registry").versions("ball_model").newest_first()
    assert len(list(versions)) == 2, done.stdout
    assert len(list(tmp_path.rglob("run-*.wandb"))) == 3
    lines = noted.read_text().splitlines()
    temporaries = [line for line in lines if line.startswith("temporary ")]
    assert [line for line in lines if line not in temporaries] == ["connect 192.0.2.1"]
    assert attempts(tmp_path / "counters") == 0
    assert attempts(tmp_path / "counters_after_an_attempt") == 1
    assert temporaries
    assert all(Path(line.removeprefix("temporary ")).is_relative_to(tmp_path) for line in temporaries)


def test_mediapipe_does_not_report_its_use(shared: Path, tmp_path: Path) -> None:
    use = f"""
import os
from pathlib import Path
import numpy as np
from raasid.models.pose.mediapipe import MediaPipePose

os.environ["no_proxy"] = "example.org"
with MediaPipePose(Path("{shared}/assets/pose_landmarker_full.task")) as pose:
    pose.estimate(np.zeros((64, 64, 3), np.uint8))
assert os.environ["no_proxy"] == "example.org"
assert "https_proxy" not in os.environ
print("used")
"""
    script = f'"$@" && cat /proc/net/snmp >{tmp_path}/counters'
    words = [*skip_without_namespaces(), "bash", "-c", f"ip link set lo up; {script}", "use"]
    done = subprocess.run(
        [*words, sys.executable, "-c", use], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(REPO)},
    )  # fmt: skip
    assert "used" in done.stdout, done.stderr
    assert attempts(tmp_path / "counters") == 0


def test_a_job_has_as_many_threads_as_its_task_has_cpus(slurm: Slurm, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    show = "import raasid, cv2, torch; print('threads', torch.get_num_threads(), cv2.getNumThreads())"
    program = stand_in(tmp_path, f'{sys.executable} -c "{show}"; echo step $SRUN_CPUS_PER_TASK')
    ids = {}
    for cpus in (1, 3):
        words = ("train", program, f"hydra.launcher.cpus_per_task={cpus}", "hydra.launcher.mem_gb=1.5")
        ids[cpus] = raasid(slurm, tmp_path, "submit", *words, f"paths.root={tmp_path}").split()[0]
    for cpus, job in ids.items():
        row = wait_for(lambda job=job: (row := jobs(slurm, tmp_path)[job])["state"] == "COMPLETED" and row)
        assert Path(row["log"]).read_text().splitlines() == [
            f"threads {min(cpus, os.cpu_count() or 1)} {cpus}",  # torch never has more than the machine
            f"step {cpus}",
        ]
