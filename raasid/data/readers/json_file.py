"""A JSON file of somebody else's, read whole: what is wrong with it is said with file and line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from raasid.data.readers.checked import shown
from raasid.errors import DataError

MOST_BYTES = 512 * 2**20
"""Larger files are for readers that stream."""


class JsonUnreadable(DataError):
    """A JSON file that is missing, torn, too large, or no JSON."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{where}: {reason}")
        self.line = line
        self.reason = reason
        """`what: value seen`, as `LeftOut.reason` wants it."""


def read_json(path: Path, doubt: Callable[[str], None] = lambda reason: None) -> Any:
    """Return the document in a JSON file.

    `doubt` hears of keys that stand twice in one object, where the last one counts. Byte order mark and CRLF
    are fine. nan and numbers too large for a float pass: the checks of single values refuse them.

    Raises
    ------
    JsonUnreadable
        The file cannot be read, is larger than `MOST_BYTES`, not UTF-8, not JSON, or nested too deeply.
    """
    data = _content(path)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    doubt(f"key twice in one object: {shown(key)}; the last one counts")
                seen.add(key)
        return found

    try:
        return json.loads(data, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise JsonUnreadable(path, error.lineno, f"not valid JSON: {error.msg}") from error
    except RecursionError as error:
        raise JsonUnreadable(path, None, "nested too deeply: no annotation needs that") from error
    except ValueError as error:  # a whole number of thousands of digits
        raise JsonUnreadable(path, None, f"not valid JSON: {error}") from error


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            # asked first: read(n) takes n bytes of memory at once, however short the file is
            size = os.fstat(file.fileno()).st_size
            data = file.read() if size <= MOST_BYTES else b""
    except (OSError, ValueError) as error:  # a ValueError: no file system knows such a name
        raise JsonUnreadable(path, None, f"cannot be read: {getattr(error, 'strerror', error)}") from error
    if size > MOST_BYTES:
        raise JsonUnreadable(path, None, f"too large: {size:,} bytes, at most {MOST_BYTES:,}; split it up")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise JsonUnreadable(path, line, f"not UTF-8 text: byte 0x{byte:02x} at {error.start}") from error
