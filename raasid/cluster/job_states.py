"""What became of jobs: Slurm's own word where it has one, the notes of the job itself where it has forgotten.

No single source is enough. The controller forgets jobs minutes after their end; accounting is not installed
everywhere, lags behind, and knows earlier jobs of the same number; a killed job notes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from raasid.cluster import local_jobs
from raasid.cluster.job_record import (
    SCRIPT,
    JobRecord,
    Notes,
    read_notes,
    read_result,
    recall_final,
    remember_final,
)
from raasid.cluster.slurm_commands import (
    ENDED,
    SlurmMissing,
    SlurmRefused,
    TaskState,
    find_job_of,
    sacct,
    squeue,
)
from raasid.errors import Exit

UNKNOWN = "UNKNOWN"
_REQUEUED = frozenset(["NODE_FAIL", "PREEMPTED", "REQUEUED"])
"""Slurm names these for a moment, and then queues the job again."""


class JobTask(NamedTuple):
    """One task of a job, and its state."""

    record: JobRecord
    task: int
    state: str
    """In Slurm's words."""
    reason: str
    notes: Notes
    ended: bool
    """Whether the state is final."""

    @property
    def run_dir(self) -> Path:
        """Where it writes."""
        return self.record.run_dirs[self.task]

    @property
    def explanation(self) -> str:
        """The reason; of a failure whose exit status is all that Slurm knows, what its error says."""
        if self.state != "FAILED" or not self.reason.startswith("exit status"):
            return self.reason
        return _error_line(str(read_result(self.record.folder, self.task).get("error", ""))) or self.reason


def job_tasks(records: Sequence[JobRecord], without_slurm: bool = False) -> Iterator[JobTask]:
    """Yield the tasks of jobs with their states; Slurm is asked once.

    without_slurm: where Slurm does not answer, a job that has not noted its end is UNKNOWN. Otherwise raises
    SlurmMissing, SlurmRefused.
    """
    open_tasks = [
        (record, task, read_notes(record.folder, task))
        for record in map(_with_id, records)
        for task in range(len(record.run_dirs))
    ]
    submitted = {
        job: record.submitted
        for record, task, _ in open_tasks
        if record.launcher == "slurm"
        and recall_final(record.folder, task) is None
        and (job := _id(record)) is not None
    }
    answers = True
    try:
        live = squeue(submitted)
    except (SlurmMissing, SlurmRefused):
        if not without_slurm:
            raise
        live, answers = {}, False
    accounted: dict[str, TaskState] | None = None
    for record, task, notes in open_tasks:
        if (kept := recall_final(record.folder, task)) is not None:
            yield JobTask(record, task, *kept, notes, ended=True)
            continue
        if record.launcher == "slurm_local":
            state, reason = _local_state(record, notes)
            yield JobTask(record, task, state, reason, notes, state in ENDED)
            continue
        job = record.task_id(task) if record.id else (notes.job or "")
        found = live.get(job)
        if not answers and (notes.code is None or notes.requeued):
            yield JobTask(record, task, UNKNOWN, "Slurm does not answer", notes, ended=False)
            continue
        if found is None and notes.code is None:
            if accounted is None:
                accounted = sacct(submitted)
            found = accounted.get(job)
        state, reason = _explain(found, notes, record)
        ended = state in ENDED and not (state in _REQUEUED and job in live)
        if ended and job:  # without a number it may just be handed over
            remember_final(record.folder, task, state, reason)
        yield JobTask(record, task, state, reason, notes, ended)


def _explain(found: TaskState | None, notes: Notes, record: JobRecord) -> tuple[str, str]:
    """Return state and reason of a task. found: what Slurm says."""
    if found is not None and found.state != "COMPLETING":
        reason = found.reason
        if found.state == "FAILED" and notes.code is not None:
            reason = _failure(notes.code, record.verb)
        return found.state, reason
    if notes.code is not None and not notes.requeued:
        return _from_code(notes, record.verb)
    if found is not None:
        return found.state, found.reason
    if notes.started is not None:
        return "FAILED", "its processes were killed, and Slurm no longer knows why"
    if record.id is None:
        return "CANCELLED", "it was never submitted"
    return "CANCELLED", "it never started, and Slurm no longer knows it"


def _from_code(notes: Notes, verb: str) -> tuple[str, str]:
    if notes.code == Exit.DONE:
        return "COMPLETED", ""
    if notes.code == Exit.PREEMPTED:
        return "CANCELLED", "stopped by a signal; its state is saved"
    return "FAILED", _failure(notes.code, verb)


def _failure(code: int | None, verb: str) -> str:
    """Say what an exit status means: a refusal is no crash."""
    if code == Exit.REFUSED:
        return f"{'gate refused' if verb in ('retrain', 'train') else 'refused'} (exit status {code:d})"
    return f"exit status {code}"


def _error_line(error: str) -> str:
    """Return the line of an error message or traceback that says what went wrong."""
    lines = error.splitlines()
    frame = max((number for number, line in enumerate(lines) if line.startswith("  File ")), default=-1)
    return next((line for line in lines[frame + 1 :] if line and not line.startswith(" ")), "")


def _local_state(record: JobRecord, notes: Notes) -> tuple[str, str]:
    if notes.code is not None:
        return _from_code(notes, record.verb)
    if local_jobs.is_alive(record.folder):
        return ("RUNNING", "") if notes.started is not None else ("PENDING", "")
    return ("FAILED", "its processes were killed") if notes.started is not None else ("CANCELLED", "")


def _with_id(record: JobRecord) -> JobRecord:
    """Return a record with Slurm's number, also if the process that submitted it was killed meanwhile."""
    if record.id is not None or record.launcher != "slurm" or recall_final(record.folder, 0) is not None:
        return record
    try:
        job = find_job_of(record.folder / SCRIPT)
    except (SlurmMissing, SlurmRefused):  # asked for states, it says so
        job = None
    return record if job is None else record.with_id(job)


def _id(record: JobRecord) -> str | None:
    """Return Slurm's number, from the job's notes if the process that submitted it was killed."""
    return record.id or read_notes(record.folder, 0).job
