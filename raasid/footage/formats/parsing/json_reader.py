"""Reads JSON of other programs, as a document or entry by entry, and reports the line of every error."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from raasid.errors import DataError
from raasid.footage.formats.parsing.values import short_repr

MAX_BYTES = 512 * 2**20
"""Limit of `read_json`; larger files need `json_entries`."""
MAX_ENTRY_CHARS = 64 * 2**20
"""Limit for one entry of `json_entries`."""
_CHUNK = 1 << 16
_LOOKAHEAD = 16
"""Characters before the end of the buffer where an error may be due to text that has not been read yet."""
_BLANK = re.compile(r"[ \t\r\n]*")


class JsonUnreadable(DataError):
    """A JSON file that is missing, truncated, too large, or no JSON."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{where}: {reason}")
        self.line = line
        self.reason = reason
        """`what: value seen`, as in `RejectedSample.reason`."""


def read_json(path: Path, warn: Callable[[str], None] = lambda reason: None) -> Any:
    """Return the document in a JSON file.

    warn: called for keys that occur twice in an object, of which the last one counts. Byte order mark and
    CRLF are accepted, and so are nan and numbers too large for a float: the checks of values reject them.
    Raises JsonUnreadable if the file cannot be read, exceeds `MAX_BYTES`, is not UTF-8 or JSON, or is nested
    too deeply.
    """
    data = _content(path)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    warn(f"key twice in one object: {short_repr(key)}; the last one counts")
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
            # The size comes first: read(n) allocates n bytes, however short the file is.
            size = os.fstat(file.fileno()).st_size
            data = file.read() if size <= MAX_BYTES else b""
    except (OSError, ValueError) as error:  # ValueError: no file system has such a name
        raise JsonUnreadable(path, None, f"cannot be read: {getattr(error, 'strerror', error)}") from error
    if size > MAX_BYTES:
        raise JsonUnreadable(path, None, f"too large: {size:,} bytes, at most {MAX_BYTES:,}; split it up")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise JsonUnreadable(path, line, f"not UTF-8 text: byte 0x{byte:02x} at {error.start}") from error


def json_entries(path: Path, objects: Collection[str] = ()) -> Iterator[tuple[str, int, Any]]:
    """Yield (key, line from 1, entry) in the order of the file.

    From an object, the entries of each list under its keys, and each other value; from a list, its entries
    under the key "". Entries before an error are yielded.
    objects: keys whose values are large objects; their members are yielded one by one, as (name, value).
    Numbers are not checked: nan and 1e400 pass, and the checks of single values reject them.
    Raises JsonUnreadable if the file cannot be read, is not UTF-8 or JSON, is nested too deeply, or has an
    entry of more than `MAX_ENTRY_CHARS`.
    """
    try:
        with path.open("rb") as file:
            text = _Text(path, file)
            opening = text.peek()
            if opening == "[":
                for line, entry in text.listed():
                    yield "", line, entry
            elif opening == "{":
                yield from _keyed(text, objects)
            else:
                raise text.bad(f"no JSON object or list: it starts with {short_repr(opening)}")
            if text.peek():
                raise text.bad(f"not valid JSON: something follows its end: {short_repr(text.peek())}")
    except OSError as error:
        raise JsonUnreadable(path, None, f"cannot be read: {error.strerror}") from error


def _keyed(text: _Text, objects: Collection[str]) -> Iterator[tuple[str, int, Any]]:
    for line, key in text.members():
        if text.peek() == "[":
            for line_of_entry, entry in text.listed():
                yield key, line_of_entry, entry
        elif text.peek() == "{" and key in objects:
            for line_of_entry, name in text.members():
                yield key, line_of_entry, (name, text.value())
        else:
            yield key, line, text.value()


class _Text:
    """The text of a file from a position onwards; only as much as the current entry needs."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder()
        self._buffer, self._at, self._ended = "", 0, False
        self._line, self._counted = 1, 0

    @property
    def line(self) -> int:
        self._line += self._buffer.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def bad(self, reason: str) -> JsonUnreadable:
        return JsonUnreadable(self._path, self.line, reason)

    def peek(self) -> str:
        """Return the next character that is not blank; empty at the end."""
        while True:
            match = _BLANK.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer) or not self._more():
                return self._buffer[self._at : self._at + 1]

    def skip(self, character: str) -> None:
        if (found := self.peek()) != character:
            raise self.bad(f"not valid JSON: {character} expected, found {short_repr(found)}")
        self._at += 1

    def between(self, opening: str, closing: str) -> Iterator[None]:
        """Yield before each entry of a list or an object; entries are separated by commas."""
        self.skip(opening)
        more = self.peek() != closing
        while more:
            self.peek()
            yield
            if more := self.peek() == ",":
                self.skip(",")
        self.skip(closing)

    def listed(self) -> Iterator[tuple[int, Any]]:
        for _ in self.between("[", "]"):
            line = self.line
            yield line, self.value()

    def members(self) -> Iterator[tuple[int, str]]:
        """Yield line and key of each member of an object, before its value."""
        for _ in self.between("{", "}"):
            line = self.line
            key = self.value()
            if not isinstance(key, str):
                raise self.bad(f"not valid JSON: a key is no text: {short_repr(key)}")
            self.skip(":")
            self.peek()
            yield line, key

    def value(self) -> Any:
        while True:
            start = self._at
            try:
                value, end = self._json.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                ahead = error.pos - start
                is_truncated = error.pos >= len(self._buffer) - _LOOKAHEAD or error.msg.startswith(
                    "Unterminated"
                )
                if not (is_truncated and self._more()):
                    self._at += ahead
                    raise self.bad(f"not valid JSON: {error.msg}") from error
            except RecursionError as error:
                raise self.bad("nested too deeply: no annotation needs that") from error
            except ValueError as error:  # a whole number of thousands of digits
                raise self.bad(f"not valid JSON: {error}") from error
            else:
                # a number at the end may go on in what has not been read yet
                is_complete = self._buffer[end : end + 1] not in ("", ".", "e", "E")
                if is_complete or not self._more():
                    self._at += end - start
                    return value

    def _more(self) -> bool:
        """Drop what was consumed and read at least as much again as is left; False at the end."""
        if self._ended:
            return False
        held = len(self._buffer) - self._at
        if held > MAX_ENTRY_CHARS:
            raise self.bad(f"an entry too large: more than {MAX_ENTRY_CHARS:,} characters")
        data = self._file.read(max(_CHUNK, held))
        self._ended = not data
        try:
            decoded = self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            self._at = len(self._buffer)
            raise JsonUnreadable(
                self._path,
                self.line + data.count(b"\n", 0, error.start),
                f"not UTF-8 text: byte 0x{error.object[error.start]:02x}",
            ) from error
        self._line, self._counted = self.line, 0
        self._buffer, self._at = self._buffer[self._at :] + decoded, 0
        return not self._ended
