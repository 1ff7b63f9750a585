"""Questions that every part of an edition's file is asked; the answer is silence or EditionUnreadable."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from raasid.config.nearest import did_you_mean
from raasid.errors import DataError


class EditionUnreadable(DataError):
    """An edition's file that says something no edition can say."""

    def __init__(self, path: Path, key: str, reason: str) -> None:
        super().__init__(f"{path}: {key}: {reason}")
        self.path, self.key = path, key


class Checks:
    """Checks of one file's values; keys are given in full, as a reader would look for them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def wrong(self, key: str, reason: str) -> EditionUnreadable:
        """Make the error about one key."""
        return EditionUnreadable(self.path, key, reason)

    def mapping(self, value: Any, key: str, names: Collection[str] | None = None) -> dict[str, Any]:
        """Return a mapping whose keys are texts, all of them among `names` where these are given."""
        if not isinstance(value, Mapping):
            raise self.wrong(key, f"expected a mapping, got {value!r}")
        for name in value:
            inner = f"{key}.{name}" if key else str(name)
            if not isinstance(name, str):
                raise self.wrong(inner, f"expected a text, got {name!r}; put quotes round it")
            if names is not None and name not in names:
                raise self.wrong(inner, f"no such key{did_you_mean(name, names)}")
        return dict(value)

    def text(self, value: Any, key: str) -> str:
        """Return a text that says something."""
        if not isinstance(value, str) or not value.strip():
            hint = "; put quotes round it" if isinstance(value, int) else ""
            raise self.wrong(key, f"expected a text, got {value!r}{hint}")
        return value

    def texts(self, value: Any, key: str) -> tuple[str, ...]:
        """Return a list of texts, at least one."""
        if not isinstance(value, list) or not value:
            raise self.wrong(key, f"expected a list of texts, got {value!r}")
        return tuple(self.text(one, f"{key}[{place}]") for place, one in enumerate(value))

    def one_of(self, value: Any, key: str, values: Sequence[Any]) -> Any:
        """Return one of a few words."""
        if value not in values:
            raise self.wrong(key, f"expected one of {', '.join(values)}, got {value!r}")
        return value
