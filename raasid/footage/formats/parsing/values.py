"""Checks of single values from files of other programs, before anything is built from them.

Each function returns the value in its type or raises ValueUnusable, whose message becomes the reason in the
quarantine. Every number has bounds: a file may say nan, 1e400, or a frame that no video has.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path, PurePosixPath
from reprlib import Repr
from sys import intern
from typing import Any

MAX_FRAMES = 10_000_000
"""Four days at 25 Hz; a larger frame number is a mistake."""
MAX_TRACK_ID = 1_000_000_000
MAX_EDGE_PX = 100_000
"""Width or height of an image."""
MAX_COORDINATE = 1_000_000.0
"""Pixels or metres from the origin; boxes may reach beyond the image, but not out of the stadium."""
MAX_TEXT_LENGTH = 300
"""Characters; a name, a label, a file path."""

_CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_short = Repr()
_short.maxlevel, _short.maxdict, _short.maxstring, _short.maxother = 2, 3, 60, 60


class ValueUnusable(ValueError):
    """A value that violates the format; the message is `what: value seen`."""


def short_repr(value: object) -> str:
    """Return a repr that is short and on one line, whatever the value is."""
    return _short.repr(value).encode("utf-8", "backslashreplace").decode()


def number(value: object, what: str, low: float = -MAX_COORDINATE, high: float = MAX_COORDINATE) -> float:
    """Return a finite number within [low, high]; accepts text that spells a number, but no booleans."""
    found = value
    if isinstance(value, str):
        stripped = value.strip()
        is_number = len(stripped) <= MAX_TEXT_LENGTH and _NUMBER.fullmatch(stripped)
        found = float(stripped) if is_number else value
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ValueUnusable(f"{what} is no number: {short_repr(value)}")
    # Compared before it is converted: float() of an integer with 400 digits overflows.
    if not low <= found <= high:
        raise ValueUnusable(f"{what} outside [{low:.12g}, {high:.12g}]: {short_repr(value)}")
    return float(found)


def integer(value: object, what: str, low: int = 0, high: int = MAX_FRAMES) -> int:
    """Return an integer within [low, high]; accepts 3.0 and "3" as 3."""
    found = number(value, what, low, high)
    if found != math.floor(found):
        raise ValueUnusable(f"{what} is no whole number: {short_repr(value)}")
    return int(found)


def numbers(
    value: object, what: str, count: int, low: float = -MAX_COORDINATE, high: float = MAX_COORDINATE
) -> tuple[float, ...]:
    """Return a list of exactly `count` finite numbers within [low, high]."""
    if not isinstance(value, list | tuple) or len(value) != count:
        raise ValueUnusable(f"{what} is no list of {count} numbers: {short_repr(value)}")
    return tuple(number(item, what, low, high) for item in value)


def text(value: object, what: str, *, max_length: int = MAX_TEXT_LENGTH, empty: bool = False) -> str:
    """Return a text of one line without control characters, with outer blanks stripped."""
    if not isinstance(value, str):
        raise ValueUnusable(f"{what} is no text: {short_repr(value)}")
    if len(value) > max_length:
        raise ValueUnusable(f"{what} longer than {max_length} characters: {short_repr(value)}")
    found = value.strip()
    if _CONTROL_CHARACTERS.search(found):
        raise ValueUnusable(f"{what} has control characters: {short_repr(value)}")
    if not found and not empty:
        raise ValueUnusable(f"{what} is empty: {short_repr(value)}")
    return found


def one_of(value: object, what: str, choices: Collection[str]) -> str:
    """Return the element of `choices` that equals the text but for case."""
    found = text(value, what).casefold()
    for choice in choices:
        if choice.casefold() == found:
            return choice
    raise ValueUnusable(f"{what} is none of {', '.join(choices)}: {short_repr(value)}")


def mapping(value: object, what: str) -> dict[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise ValueUnusable(f"{what} is no object: {short_repr(value)}")
    return value


def sequence(value: object, what: str) -> list[Any]:
    """Return a JSON list."""
    if not isinstance(value, list):
        raise ValueUnusable(f"{what} is no list: {short_repr(value)}")
    return value


def label(value: object, what: str) -> str:
    """Return a class or event name in lower case, with underscores for blanks and punctuation."""
    found = re.sub(r"[^\w]+", "_", text(value, what).casefold()).strip("_")
    if not found:
        raise ValueUnusable(f"{what} is no name: {short_repr(value)}")
    return intern(found)  # a file has the same few names in every row


def shared_float(value: float) -> float:
    """Return an equal number; whole numbers below 8192 are one object each.

    Tools round to whole pixels, and a file has millions of coordinates: this saves most of their memory.
    """
    return _cached_float(int(value)) if 0 <= value < 8192 and value == int(value) else value


@lru_cache(maxsize=8192)
def _cached_float(value: int) -> float:
    return float(value)


def safe_join(base: Path, name: object, what: str = "file name") -> Path:
    """Return `base / name` for a file name from an annotation; backslashes count as slashes.

    Raises ValueUnusable for a name that leads out of `base` (`../x`, `/etc/x`, `C:/x`), or that is too long.
    """
    plain = text(name, what).replace("\\", "/")
    parts = PurePosixPath(plain).parts
    if not parts or parts[0].startswith("/") or ".." in parts or parts[0].endswith(":"):
        raise ValueUnusable(f"{what} leads out of the data root: {short_repr(plain)}")
    if max(len(os.fsencode(part)) for part in parts) > 255:
        raise ValueUnusable(f"{what} is too long for a file: {short_repr(plain)}")
    return base.joinpath(*parts)
