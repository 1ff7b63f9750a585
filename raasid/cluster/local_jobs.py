"""`slurm_local`: jobs on this machine, without a cluster, by the same scripts, records and notes."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from raasid.io.atomic import write_atomic

_PROCESS = "process"


def start(script: Path, name: str, tasks: int, parallelism: int) -> str:
    """Start the tasks of a job in the background, some at once; return the job's id."""
    folder = shlex.quote(str(script.parent / name))
    each = f"SLURM_ARRAY_TASK_ID={{}} exec bash {shlex.quote(str(script))} >>{folder}-local_{{}}.out 2>&1"
    line = f"seq 0 {tasks - 1} | xargs -P {parallelism} -I {{}} bash -c {shlex.quote(each)}"
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(
        ["bash", "-c", line],
        stdin=nowhere,
        stdout=nowhere,
        stderr=nowhere,
        env=environ,
        start_new_session=True,
    )
    write_atomic(script.parent / _PROCESS, f"{process.pid} {_started(process.pid)}\n")
    return "local"


def is_alive(folder: Path) -> bool:
    """Whether the process that runs the tasks of a job lives."""
    return _group(folder) is not None


def cancel(folder: Path) -> None:
    """Let the tasks of a job save their state and end."""
    group = _group(folder)
    if group is not None:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGTERM)


def _group(folder: Path) -> int | None:
    try:
        pid, started = (folder / _PROCESS).read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return None
    return int(pid) if _started(int(pid)) == started else None


def _started(pid: int) -> str:
    """Return when a process started, in clock ticks since the boot; a number is used again."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return "none"
    return "none" if fields[0] in "ZX" else fields[19]
