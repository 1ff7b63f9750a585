"""JSON from strangers: its depth and number of values are known before anything is made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
DEEPEST = 64
MOST_VALUES = 1_000_000


def parsed(data: bytes, most: int = MOST_VALUES, parse_int: Callable[[str], int] = int) -> Any:
    """The value that is written in `data`. Raises ValueError, with what is wrong with it.

    Refused are also NaN and infinities, a key that comes twice, and half a surrogate pair: programs
    disagree about what these mean.
    """
    _bounded(data, most)
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refused,
            parse_int=parse_int,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from error
    except RecursionError as error:
        raise ValueError(f"is nested deeper than {DEEPEST}") from error
    if b"\\u" in data:
        _whole_characters(value)
    return value


def _bounded(data: bytes, most: int) -> None:
    depth = values = 0
    for token in _TOKEN.finditer(data):
        sign = data[token.start()]
        if sign in b"[{":
            depth, values = depth + 1, values + 1
        elif sign in b"]}":
            depth -= 1
        elif sign == ord(","):
            values += 1
        if depth > DEEPEST:
            raise ValueError(f"is nested deeper than {DEEPEST}")
        if values > most:
            raise ValueError(f"holds more than {most} values")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"holds the key {twice[:80]!r} twice")
    return found


def _refused(word: str) -> NoReturn:
    raise ValueError(f"holds {word}, which JSON does not have")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"holds {text[:40]}, which no float can")
    return value


def _whole_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half a surrogate pair, which is no character") from error
