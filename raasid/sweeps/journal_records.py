"""Records of a study's journal, each a line of JSON that carries a checksum, and the repair of damaged ones.

Optuna refuses a journal with one damaged record for ever, and numbers trials by the order of their records: a
lost one would give the outcomes of all trials after it to other trials. So each record that creates a trial
says its number as well. Optuna ignores both additions.
"""

from __future__ import annotations

import json
import re
import warnings
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.trial import TrialState

from raasid.errors import RaasidError

CREATE_STUDY, CREATE_TRIAL = 0, 4
_CHECKSUM = re.compile(rb',"crc32":"([0-9a-f]{8})"\}$')
_HEX_AT_END = re.compile(rb'"[0-9a-f]{8}"\}$')
_WHOLE = re.compile(rb'\{"op_code":(?:(?!\{"op_code":).)*?,"crc32":"[0-9a-f]{8}"\}', re.DOTALL)
_SPACE = b" \t\r\n"
_MAX_LOST = 100_000


class StudyRecordLost(RaasidError):
    """The record that all others refer to is damaged."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: the record that creates the study is damaged, and no trial can be read without it; "
            "restore the file from a copy, or move it away, and the sweep starts anew"
        )


class Repair(NamedTuple):
    """A journal without damaged records."""

    content: bytes
    """As long as before, except for what was cut off at the end, unless records had to be inserted."""
    damaged: bytes
    """What was taken out."""
    restored: int
    """Trials whose first record was lost; what later ones say of them is kept."""


def encode(record: Mapping[str, Any]) -> bytes:
    """Return the line of a record."""
    body = json.dumps(record, separators=(",", ":")).encode()
    return body[:-1] + b',"crc32":"%08x"}\n' % zlib.crc32(body)


def decode(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line; None if it is damaged. Records of plain Optuna have no checksum."""
    text = line.strip(_SPACE)
    checksum = _CHECKSUM.search(text)
    if checksum is None:
        if b"crc32" in text[-24:] or _HEX_AT_END.search(text):  # a checksum that is damaged itself
            return None
    elif int(checksum[1], 16) != zlib.crc32(text[: checksum.start()] + b"}"):
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(record, dict) and type(record.get("op_code")) is int and "worker_id" in record
    return record if whole else None


def is_numbered_right(record: Mapping[str, Any], created: int) -> bool:
    """Whether a record fits to the number of trials that were created before it."""
    trial = record.get("trial_id")
    if record["op_code"] == CREATE_TRIAL:
        return trial is None or trial == created
    return trial is None or (type(trial) is int and 0 <= trial < created)


def count_trials(content: bytes) -> int:
    """Return how many trials are created in the whole lines of a journal."""
    return content.count(b'{"op_code":4,"worker_id":"')


def repair(content: bytes, path: Path) -> Repair:
    """Take damaged records out of a journal: those that are no records, and those that Optuna refuses.

    Blanks take their place, so that processes which read the journal meanwhile find each other record where
    it was. Where a trial's first record was lost, a waiting trial is put there. path: for messages.
    Raises StudyRecordLost.
    """
    repaired = _Repair(path)
    for line in re.findall(rb"[^\n]*\n|[^\n]+", content):
        for part in [line] if line.endswith(b"\n") and decode(line) else _parts(line):
            repaired.add(part)
    return Repair(b"".join(repaired.parts).rstrip(b" "), b"".join(repaired.damaged), repaired.restored)


@dataclass
class _Repair:
    path: Path
    parts: list[bytes] = field(default_factory=list)
    damaged: list[bytes] = field(default_factory=list)
    restored: int = 0
    created: int = 0
    """Trials."""
    study: int = 0
    """That the latest record belongs to."""
    gaps: list[int] = field(default_factory=list)
    """Places in `parts`, since the latest trial was created, where the record of another may have been."""

    def __post_init__(self) -> None:
        self.replay = _Replay()

    def add(self, part: bytes) -> None:
        """Add a part of a journal: a record with its line break, or what is none."""
        record = decode(part) if part.endswith(b"\n") else None
        if record is not None and b'"crc32":"' in part:
            self._check_study(record)
            self._restore_lost_trials(record)
        if record is None or not is_numbered_right(record, self.created) or not self.replay.accepts(record):
            self.gaps.append(len(self.parts))
            self.parts.append(b" " * len(part))
            self.damaged.append(part)
            return
        self.parts.append(part)
        self.study = record.get("study_id", self.study)
        if record["op_code"] == CREATE_TRIAL:
            self.created += 1
            self.gaps.clear()

    def _check_study(self, record: Mapping[str, Any]) -> None:
        if record["op_code"] != CREATE_STUDY and record.get("study_id", 0) >= self.replay.studies:
            raise StudyRecordLost(self.path)

    def _restore_lost_trials(self, record: Mapping[str, Any]) -> None:
        needed = int(record.get("trial_id", -1)) + (record["op_code"] != CREATE_TRIAL)
        if not self.created < needed <= self.created + _MAX_LOST:
            return
        restored: list[dict[str, Any]] = [
            {"op_code": CREATE_TRIAL, "worker_id": "", "study_id": self.study, "datetime_start": None}
            | {"state": TrialState.WAITING, "trial_id": number}
            for number in range(self.created, needed)
        ]
        text = b"".join(map(encode, restored))
        if not self.gaps:  # the whole line is missing
            self.gaps.append(len(self.parts))
            self.parts.append(b"")
        place = max(self.gaps, key=lambda gap: len(self.parts[gap]))
        self.parts[place] = self.parts[place][: -len(text)] + text
        self.gaps.clear()
        self.restored += needed - self.created
        self.created = needed
        for each in restored:
            self.replay.accepts(each)


class _Replay(BaseJournalBackend):
    """Optuna's own reading of records, one after another."""

    def __init__(self) -> None:
        self._records: list[dict[str, Any]] = []
        self.studies = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            self._storage = JournalStorage(self)

    def accepts(self, record: dict[str, Any]) -> bool:
        """Read a record; return False if Optuna refuses it."""
        self._records.append(record)
        try:
            self._storage.get_all_studies()
        except Exception:  # Optuna fails in many ways
            return False
        self.studies += record["op_code"] == CREATE_STUDY
        return True

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the records from a number on."""
        yield from self._records[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Refuse: Optuna only reads here, and the interface asks for both."""
        raise AssertionError("a replay of records does not write")


def _parts(line: bytes) -> Iterator[bytes]:
    """Yield the parts of a damaged line: records that are whole, with a line break, and what is between."""
    begin = 0
    for match in _WHOLE.finditer(line):
        if decode(match[0]) is not None:
            if match.start() > begin:
                yield line[begin : match.start()]
            yield match[0] + b"\n"
            begin = match.end() + (line[match.end() : match.end() + 1] != b"{")  # the damaged line break
    if begin < len(line):
        yield line[begin:]
