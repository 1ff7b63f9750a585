"""Run directories: `logs/<verb>/<date>_<time>_<hash>`, one for each run, never shared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

_NAME = re.compile(r"(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)_([0-9a-f]{6})(?:_(\d+))?")


def claim_run_dir(parent: Path, digest: str, suffix: str = "", now: datetime | None = None) -> Path:
    """Create a directory that no other run has, whatever starts in the same second, and return it.

    mkdir either creates or fails, on shared filesystems too; the loser takes `_2`, `_3`, and so on.
    """
    parent.mkdir(parents=True, exist_ok=True)
    stem = f"{now or datetime.now():%Y-%m-%d_%H-%M-%S}_{digest}{suffix}"
    for number in count(1):
        run = parent / (stem if number == 1 else f"{stem}_{number}")
        try:
            run.mkdir()
        except FileExistsError:
            continue
        return run
    raise AssertionError("count never ends")


def runs_of(parent: Path, digest: str | None = None) -> Iterator[Path]:
    """Yield the runs below `parent`, the newest first; with `digest` only those of one configuration."""
    found = []
    for run in parent.iterdir() if parent.is_dir() else ():
        name = _NAME.fullmatch(run.name)
        if name is not None and digest in (None, name[2]):
            found.append((name[1], int(name[3] or 1), run))
    yield from (run for *_, run in sorted(found, reverse=True))
