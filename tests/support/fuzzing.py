"""Mutations of small valid annotation files, and the invariants of a reader for any input.

A mutation is (kind, where, what), three numbers; `where` and `what` are taken modulo the number of choices,
so that every triple is valid for every file and always means the same.
"""

from __future__ import annotations

import copy
import json
import math
import re
import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from raasid.errors import DataError
from raasid.footage.formats import reader
from raasid.footage.records import Footage

SEEDS = Path(__file__).resolve().parents[1] / "fixtures" / "formats"
ALLOWANCE = 2**20
"""Bytes that one read may need regardless of the size of its files."""

Mutation = tuple[int, int, int]

_DEEP = 3000
NASTY = (
    *("nan", "NaN", "-Infinity", "1e400", "-1e400", "1e308", "0", "-1", "-0.0", "0.5", "1", "2147483648"),
    *(
        "9223372036854775808",
        "999999999999",
        "2000000000",
        "1" + "0" * 400,
        "9" * 5000,
        "1e-320",
        "0x10",
        "1_000",
    ),
    *(
        "",
        " ",
        '""',
        "''",
        "null",
        "None",
        "true",
        "[]",
        "{}",
        "()",
        "[[]]",
        "[null]",
        '{"": 0}',
        "'",
        '"',
        "\\",
    ),
    *(
        "\0",
        "\x1b[31m",
        "\n",
        "\r",
        "\t",
        ",",
        ";",
        ":",
        "=",
        "<",
        ">",
        "&",
        "]]>",
        "-->",
        "\ufeff",
        "\u202e",
    ),
    *(
        "é",
        "٣",
        "１２",
        "😀",
        "\\ud800",
        '"\\ud800"',
        "\\u0000",
        "%s%n",
        "${paths.root}",
        "../../../etc/passwd",
    ),
    *(
        "/etc/passwd",
        "C:\\x",
        "a/b/../..",
        "x" * 300,
        "y" * 70_000,
        "1:999999999",
        "0:0,5:1",
        "-5:-1",
        "NaN:NaN",
    ),
    *(
        "[" * _DEEP,
        '{"a":' * _DEEP,
        "(" * _DEEP,
        "<a>" * _DEEP,
        "- " * _DEEP,
        "[1]*9999999",
        "__import__('os')",
    ),
    *(
        '<!ENTITY a "b">',
        "&lt;",
        "&a;",
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        "!!python/none",
    ),
)
_NASTY_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**300, -(10**12), 0.5, -0.0, 1e308, 5e-324),
    *(
        math.nan,
        math.inf,
        -math.inf,
        "",
        " ",
        "nan",
        "0",
        "-3",
        "1e400",
        "٣",
        "x" * 300,
        "z" * 70_000,
        "\0",
        "\ud800",
    ),
    *(
        "../../x",
        "/etc/passwd",
        "a\nb",
        [],
        {},
        [[]],
        [None],
        [0] * 3,
        ["a"],
        {"": None},
        [1e309, -1],
        [[1, 2], [3]],
    ),
    *(["x"] * 500, {"id": {"id": {}}}, "2026-13-45", "1:999999999", [0.1] * 51),
)
_TOKEN = re.compile(rb'"[^"\n]{0,200}"|[-+]?\d+(?:\.\d+)?|[A-Za-z_]+|[^\sA-Za-z_\d]')


def _flip(data: bytes, where: int, what: int) -> bytes:
    position = where % len(data)
    return data[:position] + bytes([data[position] ^ (1 << what % 8)]) + data[position + 1 :]


def _truncate(data: bytes, where: int, what: int) -> bytes:
    return data[: where % len(data)]


def _cut(data: bytes, where: int, what: int) -> bytes:
    position = where % len(data)
    return data[:position] + data[position + 1 + what % 40 :]


def _insert(data: bytes, where: int, what: int) -> bytes:
    position = where % len(data)
    return data[:position] + _nasty(what) + data[position:]


def _repeat(data: bytes, where: int, what: int) -> bytes:
    position = where % len(data)
    return data[:position] + data[position : position + 1 + what % 60] * (2 + what % 3) + data[position:]


def _raw_byte(data: bytes, where: int, what: int) -> bytes:
    position = where % len(data)
    return data[:position] + bytes([what % 256]) + data[position + 1 :]


def _token(data: bytes, where: int, what: int) -> bytes:
    tokens = list(_TOKEN.finditer(data))
    if not tokens:
        return data
    found = tokens[where % len(tokens)]
    put = _nasty(what)
    if found[0].startswith(b'"') and what % 2:  # only the content of a string
        put = b'"' + put + b'"'
    return data[: found.start()] + put + data[found.end() :]


def _number(data: bytes, where: int, what: int) -> bytes:
    found = list(re.finditer(rb"[-+]?\d+(?:\.\d+)?", data))
    if not found:
        return data
    number = found[where % len(found)]
    value = float(number[0])
    new = (value + 1, value - 1, -value, value * 1000, value / 1000, value * 1e12, value + 0.5)[what % 7]
    return data[: number.start()] + f"{new:.12g}".encode() + data[number.end() :]


def _other_token(data: bytes, where: int, what: int) -> bytes:
    tokens = list(_TOKEN.finditer(data))
    if not tokens:
        return data
    one, other = tokens[where % len(tokens)], tokens[what % len(tokens)]
    return data[: one.start()] + other[0] + data[one.end() :]


def _line(data: bytes, where: int, what: int) -> bytes:
    lines = data.splitlines(keepends=True)
    position = where % len(lines)
    other = (where // 7 + what // 3) % len(lines)
    if what % 3 == 0:
        del lines[position]
    elif what % 3 == 1:
        lines.insert(position, lines[other])
    else:
        lines[position], lines[other] = lines[other], lines[position]
    return b"".join(lines)


def _encode(data: bytes, where: int, what: int) -> bytes:
    text = data.decode("utf-8", "replace")
    return (
        lambda: text.encode("utf-16"),
        lambda: b"\xef\xbb\xbf" + data,
        lambda: data.replace(b"\n", b"\r\n"),
        lambda: data.replace(b"\n", b"\r"),
        lambda: text.replace("a", "ä").encode("latin-1", "replace"),
        lambda: text.encode("utf-32"),
        lambda: b"",
        data.upper,
        lambda: b"\xef\xbb\xbf" * 2 + data,
    )[what % 9]()


def _json_value(data: bytes, where: int, what: int) -> bytes:
    """Replace, remove, rename or repeat one node of a JSON document; the file stays well-formed."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return _token(data, where, what)
    nodes = list(islice(_nodes(document), 5000))
    if not nodes:
        return data
    parent, key = nodes[where % len(nodes)]
    action, what = what % 5, what // 5
    if action <= 1:
        parent[key] = copy.deepcopy(_NASTY_VALUES[what % len(_NASTY_VALUES)])
    elif action == 2:
        del parent[key]
    elif action == 3:  # a node from elsewhere in the document
        other, other_key = nodes[what % len(nodes)]
        parent[key] = copy.deepcopy(other[other_key])
    elif isinstance(parent, dict):
        renamed = _nasty(what).decode("utf-8", "replace")
        parent[renamed] = parent.pop(key)
    else:
        parent.insert(key, copy.deepcopy(parent[key]))
    return json.dumps(document).encode()


def _nodes(document: Any) -> Iterator[tuple[Any, Any]]:
    """Every node of a JSON document: its container and its key or index."""
    if isinstance(document, dict | list):
        for key in list(document) if isinstance(document, dict) else range(len(document)):
            yield document, key
            yield from _nodes(document[key])


def _nasty(what: int) -> bytes:
    return NASTY[what % len(NASTY)].encode("utf-8", "surrogatepass")


KINDS: tuple[Callable[[bytes, int, int], bytes], ...] = (
    *(_json_value, _json_value, _json_value, _token, _token, _token, _number, _number, _other_token, _line),
    *(_cut, _insert, _repeat, _raw_byte, _flip, _truncate, _encode),
)


def mutations(seed: int) -> tuple[int, list[Mutation]]:
    """Return which file of a seed corpus to change, and up to four steps of changing it."""
    draw = Random(seed).randrange
    steps = [(draw(len(KINDS)), draw(1 << 16), draw(1 << 16)) for _ in range(1 + draw(4))]
    return draw(1 << 8), steps


def mutated(data: bytes, steps: list[Mutation]) -> bytes:
    """Return the content of a file after the steps."""
    for kind, where, what in steps:
        if not data:
            break
        data = KINDS[kind](data, where, what)
    return data


@dataclass
class Victim:
    """One reader and a copy of its seed, of which a single file is mutated at a time."""

    name: str
    root: Path
    reads: int = 0
    rejected: int = 0
    partly_rejected: int = 0
    """Reads with rejected entries."""
    worst: float = 0.0
    """Largest peak of memory beyond `ALLOWANCE`, over the size of the files."""

    def __post_init__(self) -> None:
        shutil.copytree(SEEDS / self.name, self.root)
        self.files = sorted(path for path in self.root.rglob("*") if path.is_file())
        self.contents = [path.read_bytes() for path in self.files]
        # one-time imports and caches are not part of a read
        self.num_rejected_in_seed = len(reader(self.name)(self.root).quarantine)

    def read(self, seed: int) -> None:
        """Mutate, read, restore; fails on any error but DataError, and on more memory than allowed."""
        which, steps = mutations(seed)
        index = which % len(self.files)
        content = mutated(self.contents[index], steps)
        self.files[index].write_bytes(content)
        size = sum(map(len, self.contents)) - len(self.contents[index]) + len(content)
        try:
            need = self._need()
            if need > 3 * size + ALLOWANCE:
                # again: a module was imported on first use, or the interpreter's table of names grew
                need = self._need()
            assert need <= 3 * size + ALLOWANCE, f"{need:,} bytes for files of {size:,}"
        except Exception as error:
            error.add_note(f"{self.name}: seed {seed}, {self.files[index].name}, {steps}: {content[:2000]!r}")
            raise
        finally:
            self.files[index].write_bytes(self.contents[index])
        self.reads += 1
        self.worst = max(self.worst, (need - ALLOWANCE) / size if size else 0.0)

    def _need(self) -> int:
        """Read; return the peak of memory in bytes."""
        tracemalloc.start()
        try:
            footage = reader(self.name)(self.root)
        except DataError as error:
            self.rejected += 1
            message = str(error)
            assert 0 < len(message) < 3000, message[:200]
        else:
            sound(footage)
            self.partly_rejected += len(footage.quarantine) > self.num_rejected_in_seed
        finally:
            need = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return need


def sound(footage: Footage) -> None:
    """Assert the invariants of footage from any file."""
    ids = [clip.id for clip in footage.clips]
    assert ids == sorted(set(ids))
    assert ids
    assert all(set(split) <= set(ids) for split in footage.splits.values())
    for entry in footage.quarantine:
        assert len(entry.reason) < 1500
        assert entry.reason.partition(":")[2].strip(), entry
        assert "\n" not in entry.reason
    for clip in footage.clips:
        assert 0 < clip.frame_rate_hz < math.inf
        for frame in clip.frames:
            assert frame.index >= 0
            assert frame.width >= 0
            assert frame.height >= 0
            assert all(map(math.isfinite, (x for b in frame.balls for x in (b.x, b.y, b.w, b.h))))
            assert all(math.isfinite(x) for person in frame.persons for x in person.box)
            assert all(math.isfinite(p[0] + p[1]) for person in frame.persons for p in person.keypoints)
