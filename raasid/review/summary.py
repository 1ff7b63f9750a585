"""What came of all clips: a table for the terminal, `summary.csv` for spreadsheets."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raasid.review.decision import Decision
from raasid.review.decision_writer import headline, restart_in_words

FILE_NAME = "summary.csv"
_COLUMNS = (
    "clip", "decision", "abstained", "confidence", "offence_probability", "restart", "sanction", "clause",
    "edition", "reasons", "folder",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One clip: its decision, or why there is none."""

    name: str
    decision: Decision | None
    folder: Path | None
    failure: str = ""


HEAD = ("clip", "decision", "offence", "sure", "why")


def table(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    """Rows under HEAD; the last column says how play goes on, or why there is no decision."""
    return [_row(line) for line in lines]


def write_summary(folder: Path, lines: Sequence[Line]) -> Path:
    """Write FOLDER/summary.csv, whole or not at all, and return it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_cells(line) for line in lines)
    path = folder / FILE_NAME
    draft = folder / f".{FILE_NAME}.{os.getpid()}"
    draft.write_bytes(text.getvalue().encode("utf-8", "backslashreplace"))
    return draft.replace(path)


def _row(line: Line) -> tuple[str, ...]:
    said = line.decision
    if said is None:
        return line.name, "failed", "", "", line.failure
    offence = "–" if said.offence_probability is None else f"{said.offence_probability:.2f}"
    why = said.reasons[0] if said.abstained else restart_in_words(said)
    return line.name, headline(said).lower(), offence, f"{said.confidence:.2f}", why


def _cells(line: Line) -> list[object]:
    said = line.decision
    if said is None:
        return [line.name, "failed", *[""] * (len(_COLUMNS) - 4), line.failure, ""]
    return [
        line.name,
        said.decision or "",
        str(said.abstained).lower(),
        said.confidence,
        "" if said.offence_probability is None else said.offence_probability,
        said.restart or "",
        said.sanction or "",
        said.clause or "",
        said.edition,
        "; ".join(said.reasons),
        line.folder,
    ]
