"""Slurm's commands: sbatch, squeue, sacct, scancel. Texts in, records out."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import NamedTuple

from raasid.errors import RaasidError, UsageError

ENDED = frozenset(
    ["COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE",
     "OUT_OF_MEMORY"]
)  # fmt: skip
"""Final states, in Slurm's words. NODE_FAIL and PREEMPTED are not final for a job that is queued again."""
_TIMEOUT_S = 60.0


class SlurmMissing(UsageError):
    """Slurm's commands are not there."""

    def __init__(self, program: str) -> None:
        super().__init__(
            f"{program}: no such program; submit from a login node of the cluster, "
            "or choose hydra/launcher=slurm_local, which needs none"
        )


class SlurmRefused(RaasidError):
    """A Slurm command failed."""

    def __init__(self, command: Sequence[str], answer: str) -> None:
        super().__init__(f"{command[0]}: {answer.strip() or 'failed without a message'}")


class TaskState(NamedTuple):
    """What Slurm says about one task of a job."""

    state: str
    """In Slurm's words, such as PENDING."""
    reason: str = ""


def sbatch(script: Path) -> str:
    """Submit a script; return the job's id. Raises SlurmMissing, SlurmRefused."""
    answer = _run(["sbatch", "--parsable", str(script)])
    return answer.strip().partition(";")[0]


def find_job_of(script: Path) -> str | None:
    """Return the id of the newest job that runs a script, if the controller knows one.

    For who was killed before sbatch answered. Raises SlurmMissing, SlurmRefused.
    """
    answer = _run(["squeue", "-h", "-t", "all", "-u", getuser(), "-o", "%F|%o"])
    found = [line.partition("|") for line in answer.splitlines()]
    return max((job for job, _, of in found if of.strip() == str(script)), key=int, default=None)


def squeue(submitted: Mapping[str, datetime]) -> dict[str, TaskState]:
    """Return the states of the tasks that the controller still knows, by `JOB` or `JOB_TASK`.

    It forgets jobs some minutes after they have ended (MinJobAge). submitted: when each job was; an earlier
    job of the same number is another one. Raises SlurmMissing, SlurmRefused.
    """
    if not submitted:
        return {}
    words = ["squeue", "-h", "-r", "-t", "all", "-j", ",".join(submitted), "-o", "%i|%T|%V|%r"]
    try:
        answer = _run(words)
    except SlurmRefused as error:
        if "Invalid job id" in str(error):  # none of them is known any more
            return {}
        raise
    return _read_states(answer, submitted)


def sacct(submitted: Mapping[str, datetime]) -> dict[str, TaskState]:
    """Return what the accounting knows of the tasks of jobs; empty where there is none. See `squeue`.

    Job numbers are used again after years, or after a new installation of the controller.
    """
    if not submitted or shutil.which("sacct") is None:
        return {}
    start = min(submitted.values()).astimezone().strftime("%Y-%m-%dT%H:%M:%S")
    words = ["sacct", "-n", "-P", "-X", "-S", start, "-j", ",".join(submitted), "-o", "JobID,State,Submit"]
    try:
        answer = _run(words)
    except SlurmRefused:
        return {}
    return _read_states(answer, submitted)


def _read_states(answer: str, submitted: Mapping[str, datetime]) -> dict[str, TaskState]:
    """Read lines of `JOB|STATE|SUBMITTED|REASON`; the reason may be missing."""
    found: dict[str, TaskState] = {}
    for line in answer.splitlines():
        job, state, when, reason = (*line.split("|", 3), "", "", "")[:4]
        since = submitted.get(job.strip().partition("_")[0])
        if since is not None and not _is_before(when, since):
            found[job.strip()] = TaskState(state.partition(" ")[0], "" if reason == "None" else reason)
    return found


def enables_scrontab() -> bool:
    """Whether the controller lets users have crontabs of their own. Raises SlurmMissing, SlurmRefused."""
    lines = _run(["scontrol", "show", "config"]).splitlines()
    options = [line.partition("=")[2] for line in lines if line.startswith("ScronParameters")]
    return any("enable" in each.strip().split(",") for each in options)


def scancel(jobs: Sequence[str]) -> None:
    """Cancel jobs. Raises SlurmMissing, SlurmRefused."""
    _run(["scancel", *jobs])


def _is_before(submitted: str, since: datetime) -> bool:
    try:
        when = datetime.strptime(submitted, "%Y-%m-%dT%H:%M:%S").astimezone(UTC)
    except ValueError:
        return False
    return (since - when).total_seconds() > 5


def _run(command: Sequence[str]) -> str:
    if shutil.which(command[0]) is None:
        raise SlurmMissing(command[0])
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise SlurmRefused(command, f"no answer from the controller in {_TIMEOUT_S:g} s") from None
    if done.returncode:
        raise SlurmRefused(command, done.stderr or done.stdout)
    return done.stdout
