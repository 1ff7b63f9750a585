"""Under which names media lie in a version: their own, as far down as they differ."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


class Names:
    """A name `media/…` for each file; it does not depend on where the files' common folder lies."""

    def __init__(self, names: dict[Path, str]) -> None:
        self._names = names

    @classmethod
    def of(cls, files: Iterable[Path]) -> Names:
        """Names of the distinct files, in the order of their first use."""
        distinct = dict.fromkeys(files)
        if not distinct:
            return cls({})
        absolute = {path: os.path.normpath(path.absolute()) for path in distinct}
        shared = os.path.commonpath([os.path.dirname(name) for name in absolute.values()])  # noqa: PTH120
        return cls(
            {
                path: f"media/{Path(os.path.relpath(name, shared)).as_posix()}"
                for path, name in absolute.items()
            }
        )

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, path: Path) -> str:
        return self._names[path]

    def items(self) -> Iterator[tuple[Path, str]]:
        """Files with their names."""
        yield from self._names.items()
