"""What can go wrong, and the exit status that a script sees when it does."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    """Exit statuses of every verb; documented in the README."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    PREEMPTED = 75


class RaasidError(Exception):
    """A failure with a message for the user; it is shown without a traceback."""

    exit = Exit.FAILED


class UsageError(RaasidError):
    """The command or its configuration cannot be carried out as written."""

    exit = Exit.USAGE


class DataError(RaasidError):
    """Data that cannot be used at all; single bad samples are quarantined instead."""

    exit = Exit.USAGE


class DataRootMissing(DataError):
    """The folder that `data.root` names is not there."""

    def __init__(self, root: Path, expected: str) -> None:
        super().__init__(f"data.root: no such folder: {root}; expected {expected}")


class NoUsableSamples(DataError):
    """A data root of which nothing could be read."""

    def __init__(self, root: Path, reasons: str) -> None:
        super().__init__(f"{root}: no usable sample; {reasons}")


class CheckpointUnusable(UsageError):
    """A checkpoint that is missing, torn, or made for another model."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
