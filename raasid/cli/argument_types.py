"""Types of command-line arguments, for argparse: each says what it expects and what it got."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime


def count(text: str) -> int:
    """Return a whole number from 1 on."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 1000000, got {text!r}")
    return number


def days(text: str) -> float:
    """Return a number of days."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 36_500:
        raise argparse.ArgumentTypeError(f"expected days from 0 to 36500, got {text!r}")
    return number


def utc_time(text: str) -> datetime:
    """Return a day or a time in ISO 8601; UTC where no offset is given."""
    try:
        when = datetime.fromisoformat(text)
        return when.replace(tzinfo=UTC) if when.utcoffset() is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        expected = "expected a day or a time such as 2026-11-30 or 2026-11-30T03:00"
        raise argparse.ArgumentTypeError(f"{expected}, got {text!r}") from None
