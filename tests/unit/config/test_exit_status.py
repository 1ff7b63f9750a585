"""With which status a process ends that a signal has stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

STOPPED = """
import atexit, sys
from raasid.config.launch import _leave
atexit.register(print, "the end of W&B")
_leave("preempted at step 12", 75)
"""


@pytest.mark.parametrize(("tasks", "status"), [(None, 75), ("1", 75), ("2", -signal.SIGTERM)])
def test_one_of_several_tasks_of_srun_ends_by_the_signal_because_srun_hides_its_status(
    tasks: str | None, status: int
) -> None:
    environ = {key: value for key, value in os.environ.items() if key != "SLURM_STEP_NUM_TASKS"}
    if tasks is not None:
        environ["SLURM_STEP_NUM_TASKS"] = tasks
    done = subprocess.run([sys.executable, "-c", STOPPED], env=environ, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    assert "the end of W&B" in done.stdout
    assert "preempted at step 12" in done.stderr
