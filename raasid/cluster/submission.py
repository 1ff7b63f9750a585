"""Submit commands as one job: freeze the code, write the script and the record, hand it to Slurm."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import distributions
from itertools import count
from pathlib import Path

import raasid
from raasid.cluster import local_jobs
from raasid.cluster.job_record import SCRIPT, JobRecord, LauncherName
from raasid.cluster.job_script import Task, job_script
from raasid.cluster.options import SlurmOptions
from raasid.cluster.slurm_commands import sbatch
from raasid.config import conf_dir
from raasid.io.atomic import StagedFolder, make_folder, write_atomic

_NOT_FROZEN = shutil.ignore_patterns("__pycache__", "*.pyc", "*.tmp", ".*")


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
    with StagedFolder(folder) as draft:
        take_snapshot(draft.path, config_dir)
        draft.publish(folder / "code")
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


def take_snapshot(folder: Path, config_dir: Path | None = None) -> None:
    """Copy the package, its YAML files and its Hydra plugins into a folder, which goes first in PYTHONPATH.

    `requirements.txt` there lists the versions of everything that is installed; libraries are not copied.
    config_dir: of the user's own YAML files; they are copied to `config` there.
    """
    package = Path(raasid.__file__).parent
    shutil.copytree(package, folder / "raasid", ignore=_NOT_FROZEN)
    if not (folder / "raasid" / "conf").is_dir():
        shutil.copytree(conf_dir(), folder / "raasid" / "conf", ignore=_NOT_FROZEN)
    for plugin in sorted((package.parent / "hydra_plugins").glob("raasid_*")):
        shutil.copytree(plugin, folder / "hydra_plugins" / plugin.name, ignore=_NOT_FROZEN)
    if config_dir is not None:
        shutil.copytree(config_dir, folder / "config", ignore=_NOT_FROZEN)
    write_atomic(folder / "requirements.txt", "".join(f"{line}\n" for line in _installed()))


def _installed() -> list[str]:
    found = {str(each.metadata["Name"]): each.version for each in distributions()}
    return sorted(f"{name}=={version}" for name, version in found.items())
