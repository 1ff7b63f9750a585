"""Files and folders found by names that have neither the case of the disk nor an extension."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path


class FoldedNames:
    """Looks names up whatever their case; every folder is listed once."""

    def __init__(self) -> None:
        self._listed: dict[Path, dict[str, Path]] = {}

    def folder(self, wanted: Path) -> Path | None:
        """Return the folder that is called so, up to upper and lower case; its parent is taken as it is."""
        return self._names(wanted.parent).get(f"{wanted.name.casefold()}/")

    def file(self, wanted: Path, suffixes: Collection[str]) -> Path | None:
        """Return the file that is called so and has one of the suffixes (`.mp4`), up to the case."""
        names = self._names(wanted.parent)
        spelt = (f"{wanted.name}{suffix}".casefold() for suffix in sorted(suffixes))
        return next((names[name] for name in spelt if name in names), None)

    def _names(self, folder: Path) -> dict[str, Path]:
        if folder not in self._listed:
            try:
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except (OSError, ValueError):  # not there, no folder, or no name that a folder can have
                listed = []
            self._listed[folder] = {
                entry.name.casefold() + ("/" if entry.is_dir() else ""): Path(entry.path) for entry in listed
            }
        return self._listed[folder]
