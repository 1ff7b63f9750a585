"""The results of all clips: a table for the terminal and `summary.csv` for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raasid.io.atomic import write_atomic
from raasid.review.decision import Decision, headline, restart_text

FILE_NAME = "summary.csv"
TABLE_HEAD = ("clip", "decision", "offence", "confidence", "why")
_COLUMNS = (
    "clip", "decision", "abstained", "confidence", "offence_probability", "restart", "sanction", "clause",
    "edition", "reasons", "folder",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One clip: its decision, or why there is none."""

    name: str
    decision: Decision | None
    folder: Path | None
    failure: str = ""


def summary_table(rows: Sequence[SummaryRow]) -> list[tuple[str, ...]]:
    """Cells under TABLE_HEAD; the last column holds the restart, or why there is no decision."""
    return [_table_cells(row) for row in rows]


def write_summary(folder: Path, rows: Sequence[SummaryRow]) -> Path:
    """Write FOLDER/summary.csv atomically and return its path."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_csv_cells(row) for row in rows)
    path = folder / FILE_NAME
    write_atomic(path, text.getvalue().encode("utf-8", "backslashreplace"))
    return path


def _table_cells(row: SummaryRow) -> tuple[str, ...]:
    decision = row.decision
    if decision is None:
        return row.name, "failed", "", "", row.failure
    offence = "–" if decision.offence_probability is None else f"{decision.offence_probability:.2f}"
    why = decision.reasons[0] if decision.abstained else restart_text(decision)
    return row.name, headline(decision).lower(), offence, f"{decision.confidence:.2f}", why


def _csv_cells(row: SummaryRow) -> list[object]:
    decision = row.decision
    if decision is None:
        return [row.name, "failed", *[""] * (len(_COLUMNS) - 4), row.failure, ""]
    return [
        row.name,
        decision.decision or "",
        str(decision.abstained).lower(),
        decision.confidence,
        "" if decision.offence_probability is None else decision.offence_probability,
        decision.restart or "",
        decision.sanction or "",
        decision.clause or "",
        decision.edition,
        "; ".join(decision.reasons),
        row.folder,
    ]
