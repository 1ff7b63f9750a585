"""The journal of a retraining: a line for each step, for people.

    <folder>/<model>/runs/<first 12 digits of the decision's digest>/journal.jsonl

It also tells how long processes have worked on the retraining, several of them where some were killed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from raasid.errors import RaasidError
from raasid.io.atomic import append, make_folder
from raasid.registry.names import model_name
from raasid.registry.strict_json import parse_json


class JournalDamaged(RaasidError):
    """A line of a journal that is not what was written."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}; nothing depends on it but the timeline: delete the line")


class JournalLine(NamedTuple):
    """A step of a retraining."""

    model: str
    decision: str
    """The first 12 digits of its digest."""
    time: datetime
    """UTC."""
    step: str
    """`begin`, `plan`, `sweep`, `train`, `job`, `restart`, `registered`, `gate`, `champion`, `end`."""
    what: str


class Journal:
    """Writes the journal of one retraining."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "journal.jsonl"
        self._began, self._earlier = datetime.now(UTC), timedelta()

    def begin(self, what: str, signs_of_life: Iterable[Path] = ()) -> None:
        """Note that a process begins to work, and for how long earlier ones did.

        signs_of_life: files that a process changes as long as it works. One that was killed is taken to have
        worked until the last change of these, or of the journal; the time without a process does not count.
        Raises DiskFull.
        """
        self._earlier = self._worked_before([self._path, *signs_of_life])
        self._began = datetime.now(UTC)
        self.note("begin", what, worked_s=round(self._earlier.total_seconds(), 1))

    def note(self, step: str, what: str, **more: float) -> None:
        """Append a line. Raises DiskFull."""
        make_folder(self._path.parent)
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "step": step, "what": what}
        append(self._path, json.dumps(line | more) + "\n")

    def worked(self) -> timedelta:
        """Return for how long processes have worked, this one and those before it."""
        return self._earlier + (datetime.now(UTC) - self._began)

    def lines(self, step: str) -> list[dict[str, Any]]:
        """Return the lines of a step, the oldest first; damaged ones are left out."""
        found = []
        for data in self._path.read_bytes().splitlines() if self._path.is_file() else ():
            with suppress(ValueError, KeyError, TypeError, OverflowError):
                _time(line := parse_json(data))
                found += [line] if line["step"] == step else []
        return found

    def _worked_before(self, changed: Iterable[Path]) -> timedelta:
        begins = self.lines("begin")
        if not begins:
            return timedelta()
        last = max(path.stat().st_mtime for path in changed if path.is_file())
        worked = (datetime.fromtimestamp(last, UTC) - _time(begins[-1])).total_seconds()
        return timedelta(seconds=float(begins[-1].get("worked_s", 0.0)) + max(0.0, worked))


def read_journals(folder: Path, model: str | None, damage: list[JournalDamaged]) -> Iterator[JournalLine]:
    """Yield the lines of all journals below a folder, in no particular order.

    model: only its journals. damage: takes up lines that cannot be read, which are left out.
    """
    for path in folder.glob(f"{'*' if model is None else model_name(model)}/runs/*/journal.jsonl"):
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            damage.append(JournalDamaged(path, 1, f"cannot be read ({error.strerror})"))
            continue
        for number, data in enumerate(lines, start=1):
            try:
                yield _parse(path, data)
            except (ValueError, KeyError, TypeError, OverflowError):
                damage.append(JournalDamaged(path, number, "is no line of a journal"))


def _parse(path: Path, data: bytes) -> JournalLine:
    body, run = parse_json(data), path.parent
    return JournalLine(run.parents[1].name, run.name, _time(body), str(body["step"]), str(body["what"]))


def _time(line: dict[str, Any]) -> datetime:
    time = datetime.fromisoformat(line["time"])
    if time.utcoffset() is None:
        raise ValueError("a time without its offset")
    return time.astimezone(UTC)
