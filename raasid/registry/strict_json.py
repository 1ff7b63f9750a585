"""JSON from untrusted files, without anything on which readers disagree."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any, NoReturn

MAX_JSON_VALUES = 1_000_000


def parse_json(data: bytes, max_values: int = MAX_JSON_VALUES) -> Any:
    """Parse a JSON document. Raises ValueError whose message completes "FILE: it …".

    Refused in addition to malformed JSON: NaN, infinities, duplicate keys, lone surrogates, deep nesting, and
    more than `max_values` values, counted by their commas.
    """
    if data.count(b",") >= max_values:
        raise ValueError(f"holds more than {max_values} values")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from error
    except RecursionError as error:
        raise ValueError("is nested too deep") from error
    if b"\\u" in data:
        _check_surrogates(value)
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(duplicate, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"holds the key {duplicate[:80]!r} twice")
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"holds {word}, which JSON does not have")


def _finite_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"holds {text[:40]}, which no float can")
    return value


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half a surrogate pair, which is no character") from error
