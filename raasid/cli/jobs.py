"""`raasid jobs`: jobs that were submitted, what became of them, and how far they are."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from raasid.cli.arguments import count
from raasid.cluster import local_jobs
from raasid.cluster.job_record import JobRecord, find_job, read_jobs, worked_s
from raasid.cluster.job_states import JobTask, job_tasks
from raasid.cluster.slurm_commands import scancel
from raasid.console.tables import Column, print_line, print_note, print_table
from raasid.errors import UsageError

_POLL_S = 0.5
_COLUMNS = (
    "job",
    Column("verb", drop=3),
    "run",
    "state",
    Column("reason", fold=20, max_lines=3),
    Column("step", right=True, drop=1),
    Column("metric", drop=2, fold=20),
    Column("left", right=True, drop=4),
    Column("restarts", right=True, drop=5),
    Column("log", drop=6),
)


class Progress(NamedTuple):
    """How far a training is, by its own files."""

    step: str = ""
    metric: str = ""
    left: str = ""


def main(words: Sequence[str]) -> None:
    """Run `raasid jobs WORDS`. Raises RaasidError, and SystemExit 2 for wrong arguments."""
    args = build_parser().parse_args(words)
    logs = args.logs or args.root / "logs"
    if args.action == "list":
        _list(args.root, logs, args.last, args.json)
    elif not args.job:
        raise UsageError(f"raasid jobs {args.action}: which job? raasid jobs {args.action} JOB")
    elif args.action == "cancel":
        _cancel([find_job(logs, job) for job in args.job])
    else:
        _show_log(find_job(logs, args.job[0]), args.task, args.follow)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `raasid jobs`."""
    parser = argparse.ArgumentParser(prog="raasid jobs", description=__doc__)
    parser.add_argument("action", nargs="?", default="list", choices=("list", "cancel", "logs"))
    parser.add_argument("job", nargs="*", metavar="JOB", help="Slurm's number, or the name of a job")
    parser.add_argument("--root", type=Path, default=Path(), metavar="FOLDER", help="paths.root (default: .)")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="paths.logs (default: ROOT/logs)")
    parser.add_argument("--last", type=count, default=20, metavar="N", help="how many jobs (default: 20)")
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    parser.add_argument("--task", type=int, default=0, metavar="N", help="of an array, for logs (default: 0)")
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on printing the log until the job ends"
    )
    return parser


def _list(root: Path, logs: Path, last: int, as_json: bool) -> None:
    tasks = list(job_tasks(read_jobs(logs)[-last:], without_slurm=True))
    if as_json:
        print(json.dumps([_as_json(task) for task in tasks], indent=1))
        return
    if not tasks:
        print_line(f"no jobs below {logs / 'jobs'}")
        return
    rows = []
    for task in tasks:
        progress = read_progress(task)
        name = task.record.task_id(task.task) if task.record.launcher == "slurm" else task.record.name
        rows.append(
            (
                name,
                task.record.verb,
                _run_name(task, logs),
                task.state,
                task.explanation,
                progress.step,
                progress.metric,
                progress.left if task.state == "RUNNING" else "",
                str(task.notes.restarts or ""),
                _relative(task.record.log(task.task), root),
            )
        )
    if "log" in print_table(_COLUMNS, rows):
        options = "" if root == Path() else f" --root {root}"
        print_note(f"what a job printed: raasid jobs logs JOB{options}")


def _run_name(task: JobTask, logs: Path) -> str:
    """Return the name of a run, with that of its sweep where there is one."""
    return _relative(task.run_dir, logs).partition("/")[2] or str(task.run_dir)


def _relative(path: Path | None, folder: Path) -> str:
    if path is None:
        return ""
    below = folder.absolute()
    return str(path.relative_to(below) if path.is_relative_to(below) else path)


def _cancel(records: Sequence[JobRecord]) -> None:
    for record in records:
        if record.launcher == "slurm_local":
            local_jobs.cancel(record.folder)
        elif record.id is not None:
            scancel([record.id])
        print_note(f"cancelled: {record.id if record.launcher == 'slurm' else record.name}")


def _show_log(record: JobRecord, task: int, follow: bool) -> None:
    """Print a log; with `follow` until the job has ended."""
    if not 0 <= task < len(record.run_dirs):
        raise UsageError(
            f"--task: job {record.name} has the tasks 0 to {len(record.run_dirs) - 1}, not {task}"
        )
    position = 0
    while True:
        ended = not follow or next(t for t in job_tasks([record]) if t.task == task).ended
        log = record.log(task)
        if log is not None:
            with log.open("rb") as file:
                file.seek(position)
                text = file.read()
            position += len(text)
            sys.stdout.buffer.write(text)
            sys.stdout.flush()
        if ended:
            break
        time.sleep(_POLL_S)
    if log is None:
        print_note(f"job {record.name} has not begun, and has no log yet")


def read_progress(task: JobTask) -> Progress:
    """Return step, metric and time left of a training; empty for other verbs, and before its first step."""
    try:
        config = json.loads((task.run_dir / "run.json").read_text(encoding="utf-8"))["config"]
        with (task.run_dir / "metrics.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        metric = str(config["optimized_metric"])
        epochs = (config.get("trainer") or {}).get("max_epochs")
        epoch, step = (
            max((int(row[key]) for row in rows if row.get(key)), default=0) for key in ("epoch", "step")
        )
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return Progress()
    values = [row[metric] for row in rows if row.get(metric)]
    left = ""
    if epochs and epoch and task.notes.started is not None:
        spent_s = worked_s(task.record.folder, task.task, datetime.now(UTC).timestamp())
        left = str(timedelta(seconds=round(spent_s / epoch * max(0, epochs - epoch))))
    where = f"{step} (epoch {epoch + 1}/{epochs})" if epochs else str(step)
    return Progress(where, f"{metric} {float(values[-1]):.4g}" if values else "", left)


def _as_json(task: JobTask) -> dict[str, object]:
    progress = read_progress(task)
    return {
        "job": task.record.task_id(task.task),
        "name": task.record.name,
        "verb": task.record.verb,
        "state": task.state,
        "reason": task.explanation,
        "restarts": task.notes.restarts,
        "exit_status": task.notes.code,
        "run_dir": str(task.run_dir),
        "log": str(task.record.log(task.task) or ""),
        "step": progress.step,
        "metric": progress.metric,
    }
