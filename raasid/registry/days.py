"""The days on which a model has versions, and those with gaps; all others need not be listed."""

from __future__ import annotations

from pathlib import Path

from raasid.registry.durable import LEFTOVER, Durable


class Days:
    """`models/<name>/days/<day>` for every day; `models/<name>/gaps/<day>` where an import left numbers out.

    Both are on the disk before the first version that they stand for.
    """

    def __init__(self, root: Path, home: Path, durable: Durable) -> None:
        self.folder, self.gaps = home / "days", home / "gaps"
        self._root, self._durable = root, durable

    def all(self) -> list[str]:
        """Eight digits each, rising; the last may have no version yet."""
        return [name for name in self._durable.disk.names(self.folder) if not name.startswith(LEFTOVER)]

    def has_gaps(self, day: str) -> bool:
        """Whether the day's numbers may have gaps, so that they have to be listed."""
        return self._durable.disk.entry(self.gaps / day) is not None

    def mark(self, day: str) -> None:
        """Note a day."""
        self._mark(self.folder / day)

    def mark_gaps(self, day: str) -> None:
        """Note a day with gaps."""
        self._mark(self.gaps / day)

    def _mark(self, path: Path) -> None:
        self._durable.folder(path.parent, self._root)
        if self._durable.disk.entry(path) is None:
            self._durable.create(path, b"")
        else:
            self._durable.keep_name(path)
