"""A JSON file of somebody else's, read whole: what is wrong with it is said with file and line.

A JSON file of any size, entry by entry: only the entry at hand is in memory.
"""

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
        The file cannot be read, is larger than `MAX_BYTES`, not UTF-8, not JSON, or nested too deeply.
    """
    data = _content(path)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    doubt(f"key twice in one object: {short_repr(key)}; the last one counts")
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
            data = file.read() if size <= MAX_BYTES else b""
    except (OSError, ValueError) as error:  # a ValueError: no file system knows such a name
        raise JsonUnreadable(path, None, f"cannot be read: {getattr(error, 'strerror', error)}") from error
    if size > MAX_BYTES:
        raise JsonUnreadable(path, None, f"too large: {size:,} bytes, at most {MAX_BYTES:,}; split it up")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise JsonUnreadable(path, line, f"not UTF-8 text: byte 0x{byte:02x} at {error.start}") from error


MAX_ENTRY_CHARS = 64 * 2**20
"""Characters; a larger entry (a whole file in one line of a list, say) is not for streaming."""
_CHUNK = 1 << 16
_NEAR = 16
"""Characters before the buffer's end within which an error may be due to what has not been read yet."""
_BLANK = re.compile(r"[ \t\r\n]*")


def json_entries(path: Path, objects: Collection[str] = ()) -> Iterator[tuple[str, int, Any]]:
    """Yield (key, line from 1, entry) in the order of the file.

    Of a JSON object, each entry of the lists that stand under its keys, and each value that is no list, as
    a whole. Of a JSON list, each entry, under the key "". What comes before an error is yielded.
    objects: keys whose value is an object of many; its members are yielded one by one, as (name, value).
    Numbers are not looked at: nan and 1e400 pass, and the checks of single values refuse them.

    Raises
    ------
    JsonUnreadable
        The file cannot be read, is not UTF-8, not JSON, nested too deeply, or has too large an entry.
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
    """The file's text from a place onwards; as much of it as the entry at hand needs."""

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
        """Return the next sign that is not blank; none at the end."""
        while True:
            match = _BLANK.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer) or not self._more():
                return self._buffer[self._at : self._at + 1]

    def skip(self, sign: str) -> None:
        if (found := self.peek()) != sign:
            raise self.bad(f"not valid JSON: {sign} expected, found {short_repr(found)}")
        self._at += 1

    def between(self, opening: str, closing: str) -> Iterator[None]:
        """Stop before each entry of a list or an object, separated by commas."""
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
        """Stop behind each key of an object, before its value; line and key."""
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
                torn = error.pos >= len(self._buffer) - _NEAR or error.msg.startswith("Unterminated")
                if not (torn and self._more()):
                    self._at += ahead
                    raise self.bad(f"not valid JSON: {error.msg}") from error
            except RecursionError as error:
                raise self.bad("nested too deeply: no annotation needs that") from error
            except ValueError as error:  # a whole number of thousands of digits
                raise self.bad(f"not valid JSON: {error}") from error
            else:
                # a number at the end may go on in what has not been read yet
                whole = self._buffer[end : end + 1] not in ("", ".", "e", "E")
                if whole or not self._more():
                    self._at += end - start
                    return value

    def _more(self) -> bool:
        """Forget what is done with and read on; at least as much again as is held."""
        if self._ended:
            return False
        held = len(self._buffer) - self._at
        if held > MAX_ENTRY_CHARS:
            raise self.bad(f"an entry too large: more than {MAX_ENTRY_CHARS:,} characters")
        data = self._file.read(max(_CHUNK, held))
        self._ended = not data
        try:
            fresh = self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            self._at = len(self._buffer)
            raise JsonUnreadable(
                self._path,
                self.line + data.count(b"\n", 0, error.start),
                f"not UTF-8 text: byte 0x{error.object[error.start]:02x}",
            ) from error
        self._line, self._counted = self.line, 0
        self._buffer, self._at = self._buffer[self._at :] + fresh, 0
        return not self._ended
