"""The journal of a retraining: a line for each step, for people.

<folder>/<model>/runs/<first 12 digits of the decision's digest>/journal.jsonl
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from raasid.errors import RaasidError
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
    """`begin`, `train`, `registered`, `gate`, `champion`, `end`."""
    what: str


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
    body = parse_json(data)
    time = datetime.fromisoformat(body["time"])
    if time.utcoffset() is None:
        raise ValueError("a time without its offset")
    run = path.parent
    return JournalLine(
        run.parents[1].name, run.name, time.astimezone(UTC), str(body["step"]), str(body["what"])
    )
