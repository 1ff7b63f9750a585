"""The newest trained model of each task: what the next one is built on unless told otherwise."""

from __future__ import annotations

import json
import os
from pathlib import Path

from raasid.errors import UsageError
from raasid.models.module import Task

NEWEST = "newest"


class NotTrainedYet(UsageError):
    """A task of which no training has ended here."""

    def __init__(self, task: str, logs: Path) -> None:
        super().__init__(
            f"no {task} model has been trained below {logs}; train one with "
            f"`raasid train experiment={task}`, or name its checkpoint"
        )


def remember(logs: Path, task: Task, checkpoint: Path) -> None:
    """Note a checkpoint as the newest of its task; the note appears whole."""
    note = _note(logs, task)
    note.parent.mkdir(parents=True, exist_ok=True)
    draft = note.with_name(f".{note.name}.{os.getpid()}")
    draft.write_text(json.dumps({"checkpoint": str(checkpoint.absolute())}) + "\n", encoding="utf-8")
    draft.replace(note)


def find_newest(logs: Path, task: Task) -> Path:
    """The checkpoint that `remember` noted last and that is still there. Raises NotTrainedYet."""
    try:
        path = Path(json.loads(_note(logs, task).read_text(encoding="utf-8"))["checkpoint"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotTrainedYet(task, logs) from error
    if not path.is_file():
        raise NotTrainedYet(task, logs)
    return path


def chosen(which: str | Path, logs: Path, task: Task) -> Path:
    """A checkpoint by name: `newest`, or a file."""
    return find_newest(logs, task) if str(which) == NEWEST else Path(which)


def _note(logs: Path, task: str) -> Path:
    return logs / NEWEST / f"{task}.json"
