"""Submit commands as one job: freeze the code, write the script and the record, hand it to Slurm."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from raasid.cluster import local_jobs
from raasid.cluster.code_snapshot import take_snapshot
from raasid.cluster.job_record import SCRIPT, JobRecord, LauncherName
from raasid.cluster.job_script import Task, job_script
from raasid.cluster.options import SlurmOptions
from raasid.cluster.slurm_commands import sbatch
from raasid.io.atomic import make_folder, write_atomic


def submit(
    verb: str,
    tasks: Sequence[Task],
    options: SlurmOptions,
    logs: Path,
    beside: Path,
    launcher: LauncherName,
    command: Sequence[str] = (),
    config_dir: Path | None = None,
) -> JobRecord:
    """Submit a job with a task for each command, and return its record.

    verb: for people. logs: `paths.logs`. beside: folder of the run or sweep; the job's folder lies in it.
    command: as typed. config_dir: the user's own YAML files, which the snapshot holds too.
    Raises SlurmMissing, SlurmRefused, DiskFull.
    """
    submitted = datetime.now(UTC).replace(microsecond=0)
    stamp = f"{submitted:%Y-%m-%d_%H-%M-%S}"
    stem = beside.name if re.match(r"\d{4}-\d\d-\d\d_", beside.name) else f"{stamp}_{beside.name}"
    folder = _claim(beside.absolute() / ".jobs", stem)
    make_folder(folder / "state")
    take_snapshot(folder / "code", config_dir)
    if launcher == "slurm_local":
        options = options.model_copy(update={"use_srun": False})
    script = folder / SCRIPT
    write_atomic(script, job_script(folder, verb, tasks, options, Path.cwd(), sys.executable))
    record = JobRecord(
        folder.name,
        verb,
        launcher,
        folder,
        submitted,
        tuple(task.run_dir.absolute() for task in tasks),
        tuple(command),
    )
    record.write(logs)  # a process that is killed now leaves a job that its own notes lead to
    if launcher == "slurm_local":
        job = local_jobs.start(script, verb, len(tasks), min(options.parallelism, os.cpu_count() or 1))
    else:
        job = sbatch(script)
    record = record.with_id(job)
    record.write(logs)
    return record


def _claim(parent: Path, stem: str) -> Path:
    """Create a folder that no other job has."""
    make_folder(parent)
    for number in count(1):
        folder = parent / (stem if number == 1 else f"{stem}_{number}")
        with suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise AssertionError("count never ends")
