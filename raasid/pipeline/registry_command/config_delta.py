"""In which keys two configurations differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

ABSENT = "-"


class Difference(NamedTuple):
    """A key by its path, and its value on either side; `-` where there is no such key."""

    key: str
    old: str
    new: str


def config_delta(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Every key with another value, sorted; values as JSON."""
    before, after = dict(_flat(old)), dict(_flat(new))
    return [
        Difference(key, before.get(key, ABSENT), after.get(key, ABSENT))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{path}.")
        else:
            yield path, json.dumps(value, ensure_ascii=False)
