"""`paths.logs/jobs/<name>.json`: a job that was submitted, and the files in which it notes how far it is.

The folder of a job, beside its run, holds the script, the code, the logs and `state/`: the script creates
`<task>.<restart>.start` and `.end` there, so that what became of a job is known without Slurm's accounting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from raasid.errors import UsageError
from raasid.io.atomic import write_atomic
from raasid.io.disk_full import DiskFull

LauncherName = Literal["slurm", "slurm_local"]
SCRIPT = "job.sbatch"
"""The batch script, in the folder of its job."""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A submitted job."""

    name: str
    """Unique among the jobs of a root."""
    verb: str
    launcher: LauncherName
    folder: Path
    submitted: datetime
    run_dirs: tuple[Path, ...]
    """One for each task."""
    command: tuple[str, ...]
    """As typed."""
    id: str | None = None
    """Slurm's number; None before sbatch has answered."""

    def write(self, logs: Path) -> None:
        """Store the record."""
        values = asdict(self) | {
            "folder": str(self.folder),
            "submitted": self.submitted.isoformat(timespec="seconds"),
            "run_dirs": [str(path) for path in self.run_dirs],
        }
        write_atomic(_file(logs, self.name), json.dumps(values, indent=1, sort_keys=True) + "\n")

    def with_id(self, job: str) -> JobRecord:
        """Return the record with Slurm's number."""
        return replace(self, id=job)

    def task_id(self, task: int) -> str:
        """Return what Slurm calls a task."""
        return f"{self.id}_{task}" if len(self.run_dirs) > 1 else str(self.id)

    def log(self, task: int) -> Path | None:
        """Return the log of a task; None before it has begun."""
        found = sorted(self.folder.glob(f"*-{self.task_id(task)}.out"))
        return found[-1] if found else None


class Notes(NamedTuple):
    """What a task has noted about itself."""

    restarts: int
    job: str | None
    """Slurm's number; None before it has started."""
    started: float | None
    """Seconds since 1970, of its newest start."""
    code: int | None
    """Exit status; None while it runs, and if it was killed."""
    ended: float | None
    requeued: bool = False
    """Whether it has asked to be queued again."""


def read_jobs(logs: Path) -> list[JobRecord]:
    """Return the jobs below a folder of logs, the newest last. Raises UsageError for an unreadable record."""
    return [_read(file) for file in sorted((logs / "jobs").glob("*.json"))]


def find_job(logs: Path, which: str) -> JobRecord:
    """Return a job by its name or by Slurm's number, the newest of several. Raises UsageError."""
    jobs = read_jobs(logs)
    for record in reversed(jobs):
        if which in (record.name, record.id):
            return record
    known = ", ".join(record.id or record.name for record in jobs[-5:]) or "none"
    raise UsageError(f"no job {which} below {logs / 'jobs'}; the newest are: {known}")


def read_notes(folder: Path, task: int) -> Notes:
    """Return what the newest start of a task has noted."""
    starts = list(_notes(folder, task, "start"))
    if not starts:
        return Notes(0, None, None, None, None)
    restarts, (job, started, *_) = max(starts)
    ends = dict(_notes(folder, task, "end"))
    code, ended, *more = ends.get(restarts, [None, None])
    return Notes(
        restarts,
        job,
        float(started),
        None if code is None else int(code),
        None if ended is None else float(ended),
        "requeued" in more,
    )


def worked_s(folder: Path, task: int, now: float | None = None) -> float:
    """Return for how many seconds a task has run, over all its starts.

    now: until when the newest start counts if it has no end; None, of a killed one: until its last words.
    """
    ends, total = dict(_notes(folder, task, "end")), 0.0
    last = max((file.stat().st_mtime for file in folder.glob("*.out")), default=0.0) if now is None else now
    for restarts, (_, started, *_) in sorted(_notes(folder, task, "start"), reverse=True):
        ended = float(ends[restarts][1]) if restarts in ends else last
        total += max(0.0, ended - float(started))
        last = min(last, float(started))
    return total


def remember_final(folder: Path, task: int, state: str, reason: str) -> None:
    """Keep a final state that Slurm has named: it forgets ended jobs. A full disk keeps nothing."""
    file = _final(folder, task)
    if not file.exists():
        with suppress(DiskFull):
            write_atomic(file, json.dumps([state, reason]))


def recall_final(folder: Path, task: int) -> tuple[str, str] | None:
    """Return a final state that was kept, with its reason."""
    try:
        state, reason = json.loads(_final(folder, task).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(state), str(reason)


def result_file(folder: Path, task: int) -> Path:
    """Return where a task leaves what its command returned, or the traceback of its failure."""
    return folder / "state" / f"{task}.result"


def read_result(folder: Path, task: int) -> dict[str, Any]:
    """Return what a task has left: `value`, which its command returned, or `error`; empty if nothing."""
    try:
        values = json.loads(result_file(folder, task).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _final(folder: Path, task: int) -> Path:
    return folder / "state" / f"{task}.final"


def _notes(folder: Path, task: int, event: str) -> Iterator[tuple[int, list[str]]]:
    for file in (folder / "state").glob(f"{task}.*.{event}"):
        restarts, words = file.name.split(".")[1], file.read_text(encoding="utf-8").split()
        if restarts.isdigit() and len(words) > 1:
            yield int(restarts), words


def _file(logs: Path, name: str) -> Path:
    return logs / "jobs" / f"{name}.json"


def _read(file: Path) -> JobRecord:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        values |= {
            "folder": Path(values["folder"]),
            "submitted": datetime.fromisoformat(values["submitted"]).astimezone(UTC),
            "run_dirs": tuple(Path(path) for path in values["run_dirs"]),
            "command": tuple(values["command"]),
        }
        return JobRecord(**values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file}: cannot be read as the record of a job: {error}; move it away") from error
