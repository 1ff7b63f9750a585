"""One side of a comparison, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent.parent
_BETWEEN = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""
# a child's peak begins with the size of its parent, so a small process stands between us and the worker


def side(script: str, *words: str | Path | float, threads: int | None = None) -> dict[str, Any]:
    """Run a script of this folder and return what it says last, a line of JSON, and its `peak_mib`.

    threads: how many cores it may use, and of which each library may know; None: all.
    Raises SystemExit with the end of its complaint.
    """
    path = os.pathsep.join(
        [str(REPO), str(REPO / "benchmarks"), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    env = {**os.environ, "PYTHONPATH": path}
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    if threads is not None:
        env["OMP_NUM_THREADS"] = str(threads)
    command = [sys.executable, str(REPO / "benchmarks" / "peer" / script), *map(str, words)]
    if threads is not None and cores:
        os.sched_setaffinity(0, set(sorted(cores)[:threads]))  # children keep to it
    try:
        done = subprocess.run(
            [sys.executable, "-S", "-c", _BETWEEN, *command],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        if threads is not None and cores:
            os.sched_setaffinity(0, cores)
    if done.returncode:
        raise SystemExit(f"{script} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    *_, said, peak = done.stdout.splitlines()
    result: dict[str, Any] = json.loads(said)
    return result | {"peak_mib": int(peak) / (2**20 if sys.platform == "darwin" else 2**10)}
