"""Base exceptions with a message for the user, and the exit statuses that scripts see."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    """Exit statuses of all verbs, as documented in the README."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    PREEMPTED = 75
    INTERRUPTED = 130


class RaasidError(Exception):
    """A failure with a message for the user, shown without a traceback."""

    exit = Exit.FAILED


class Stopped(BaseException):
    """A signal ends the process; no `except Exception` on the way may keep it from ending.

    message: for the user. exit: `Exit.PREEMPTED` or `Exit.INTERRUPTED`.
    """

    def __init__(self, message: str, exit_status: Exit) -> None:
        super().__init__(message)
        self.exit = exit_status


class UsageError(RaasidError):
    """The command or its config is invalid."""

    exit = Exit.USAGE


class DataError(RaasidError):
    """A dataset is unusable as a whole; single bad samples are quarantined instead."""

    exit = Exit.USAGE


class DataRootMissing(DataError):
    """The folder that `data.root` names does not exist."""

    def __init__(self, root: Path, expected: str) -> None:
        super().__init__(f"data.root: no such folder: {root}; expected {expected}")


class NoUsableSamples(DataError):
    """No sample of a data root could be read."""

    def __init__(self, root: Path, reasons: str) -> None:
        super().__init__(f"{root}: no usable sample; {reasons}")


class CheckpointUnusable(UsageError):
    """A checkpoint is missing, truncated, or made for another model."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
