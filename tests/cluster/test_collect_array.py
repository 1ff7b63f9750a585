"""`slurm/collect.sbatch` on a real Slurm: a job array, a task that is requeued, and one resulting dataset."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from loopback_slurm import Slurm

from raasid.footage.store import DatasetStore

REPO = Path(__file__).resolve().parents[2]
VIDEOS = 5
HOLD = """
import sys, time
from pathlib import Path

renames = 0

def hold(event, given):
    global renames
    if event == "os.rename" and "/store/" in str(given[1]):
        renames += 1
        if renames == 2:
            Path("holding").touch()
            time.sleep(3600)

sys.addaudithook(hold)
sys.argv[0] = "raasid"
from raasid.cli import main
main()
"""
"""A `raasid` that stops halfway, for a test that requeues it there."""


def videos(folder: Path) -> None:
    """Some videos of moving noise, and the list of them."""
    rng = np.random.default_rng(0)
    for number in range(VIDEOS):
        writer = cv2.VideoWriter(
            str(folder / f"match{number}.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (160, 96)
        )
        image = rng.integers(0, 255, (96, 160, 3), np.uint8)
        for frame in range(75):
            writer.write(np.roll(image, frame, axis=1))
        writer.release()
    (folder / "videos.txt").write_text("".join(f"match{number}.avi\n" for number in range(VIDEOS)))


def submit(slurm: Slurm, folder: Path, *options: str) -> str:
    """Submit the shipped script as a user would, with this interpreter's `raasid` first on the path.

    Task 1 stops halfway until it is requeued.
    """
    here = Path(sys.executable).parent
    shim = folder / "bin/raasid"
    shim.parent.mkdir(exist_ok=True)
    hold = shim.with_name("hold.py")
    hold.write_text(HOLD)
    shim.write_text(
        "#!/bin/sh\n"
        '[ "$SLURM_ARRAY_TASK_ID" != 1 ] || [ "${SLURM_RESTART_COUNT:-0}" != 0 ] ||'
        f' exec "{sys.executable}" "{hold}" "$@"\n'
        f'exec "{sys.executable}" -m raasid "$@"\n'
    )
    shim.chmod(0o755)
    environ = {"PATH": f"{shim.parent}:{here}:{slurm.environ['PATH']}", "PYTHONPATH": str(REPO)}
    (folder / "logs/slurm").mkdir(parents=True, exist_ok=True)
    script = REPO / "slurm/collect.sbatch"
    words = ["sbatch", "--parsable", "--cpus-per-task=1", "--mem=1000", *options, script, "collect.name=cup"]
    return slurm.run(*words, cwd=folder, **environ).strip()


def logs_of(folder: Path) -> str:
    return "\n".join(path.read_text() for path in sorted((folder / "logs/slurm").glob("*.out")))


def test_an_array_stores_the_dataset_of_one_process_although_a_task_is_requeued(
    slurm: Slurm, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    videos(tmp_path)
    alone = [
        sys.executable,
        "-m",
        "raasid",
        "collect",
        "source=@videos.txt",
        "collect.name=cup",
        "paths.root=alone",
    ]
    environ = {**slurm.environ, "PYTHONPATH": str(REPO)}
    subprocess.run(alone, cwd=tmp_path, env=environ, check=True, capture_output=True)
    wanted = DatasetStore(tmp_path / "alone/store").find("cup").digest

    job = submit(slurm, tmp_path, "--array=0-2")
    while not (tmp_path / "holding").exists():
        assert slurm.states(job)[f"{job}_1"] in ("PENDING", "CONFIGURING", "RUNNING"), logs_of(tmp_path)
        time.sleep(0.1)
    slurm.run("scontrol", "requeue", f"{job}_1")  # as after the failure of its node
    states = slurm.wait(job)
    assert set(states.values()) == {"COMPLETED"}, logs_of(tmp_path)
    assert len(states) == 3
    assert "Restarts=1" in slurm.run("scontrol", "show", "job", f"{job}_1")
    assert DatasetStore(tmp_path / "store").find("cup").digest == wanted
    assert len(DatasetStore(tmp_path / "store").versions()) == 1


def test_a_task_with_a_missing_source_fails_the_job(slurm: Slurm, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "videos.txt").write_text("gone.mp4\n")
    states = slurm.wait(submit(slurm, tmp_path, "--array=0-0"))
    assert set(states.values()) == {"FAILED"}, logs_of(tmp_path)
    assert "no such file or folder" in logs_of(tmp_path)
