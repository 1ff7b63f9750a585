"""Where a file lies that an annotation names: always inside the data root, whether it is there or not."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from raasid.data.readers.checked import ValueUnusable, shown, text


def place_of(base: Path, name: object, what: str = "file name") -> Path:
    """Return `base / name` for a name out of a foreign file; backslashes count as slashes.

    A name that leads out of `base` (`../x`, `/etc/x`, `C:/x`) or that no file can have is refused.

    Raises
    ------
    ValueUnusable
        No usable name.
    """
    plain = text(name, what).replace("\\", "/")
    parts = PurePosixPath(plain).parts
    if not parts or parts[0] == "/" or ".." in parts or parts[0].endswith(":"):
        raise ValueUnusable(f"{what} leads out of the data root: {shown(plain)}")
    if max(len(os.fsencode(part)) for part in parts) > 255:
        raise ValueUnusable(f"{what} is too long for a file: {shown(plain)}")
    return base.joinpath(*parts)


def first_file(candidates: Iterable[Path]) -> Path | None:
    """Return the first of the paths that is a file; None when there is none."""
    # unlike Path.is_file, os.path's is False for names that no file system takes
    return next((path for path in candidates if os.path.isfile(path)), None)  # noqa: PTH113


def missing_note(what: str, missing: int, total: int, example: Path | str = "") -> tuple[str, ...]:
    """Return the one note of a reader that found labels without their media; empty if all are there."""
    if not missing:
        return ()
    return (f"{missing} of {total} {what} are not there: labels alone, such as for {example}",)
