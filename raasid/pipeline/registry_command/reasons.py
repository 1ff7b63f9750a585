"""Every change has a reason."""

from __future__ import annotations

import argparse

from raasid.errors import UsageError


class NoReason(UsageError):
    """A change that nobody will understand later."""

    def __init__(self) -> None:
        super().__init__("--reason: is empty; say why, the log keeps it")


def reason_of(given: argparse.Namespace) -> str:
    """What was given behind --reason. Raises NoReason."""
    reason = str(given.reason).strip()
    if not reason:
        raise NoReason
    return reason
