"""Arguments that several commands have: their types for argparse, and the folders of the loop.

The registry is imported when a name has to be known, so that `--help` is instant.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from raasid.config.suggestions import did_you_mean
from raasid.errors import UsageError


def count(text: str) -> int:
    """Return a whole number from 1 on."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 1000000, got {text!r}")
    return number


def days(text: str) -> float:
    """Return a number of days."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 36_500:
        raise argparse.ArgumentTypeError(f"expected days from 0 to 36500, got {text!r}")
    return number


def utc_time(text: str) -> datetime:
    """Return a day or a time in ISO 8601; UTC where no offset is given."""
    try:
        when = datetime.fromisoformat(text)
        return when.replace(tzinfo=UTC) if when.utcoffset() is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        expected = "expected a day or a time such as 2026-11-30 or 2026-11-30T03:00"
        raise argparse.ArgumentTypeError(f"{expected}, got {text!r}") from None


class LoopFolders(NamedTuple):
    """Where `paths.*` of the configuration lead by default."""

    root: Path
    registry: Path
    decisions: Path
    retrainings: Path


class ModelUnknown(UsageError):
    """A name of which neither the table of tasks nor any folder knows."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(
            f"no such model: {name!r}{did_you_mean(name, known)} (there are: {', '.join(known)})"
        )


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Add `--root` and an option for each folder, as `paths.root` and `paths.<folder>` are for verbs."""
    parser.add_argument(
        "--root", type=Path, default=Path(), metavar="FOLDER", help="where the folders are (default: .)"
    )
    for name in LoopFolders._fields[1:]:
        parser.add_argument(f"--{name}", type=Path, metavar="FOLDER", help=f"default: ROOT/{name}")


def folders_of(args: argparse.Namespace) -> LoopFolders:
    """Return the folders that parsed arguments name."""
    given = {name: getattr(args, name) for name in LoopFolders._fields[1:]}
    return LoopFolders(args.root, **{name: path or args.root / name for name, path in given.items()})


def require_known_model(name: str, folders: LoopFolders) -> None:
    """Raise BadName or ModelUnknown, with the nearest name, for a model of which nothing can be known."""
    from raasid.registry.names import model_name
    from raasid.registry.registry import Registry
    from raasid.tasks import TASKS

    model_name(name)
    known = {task.registry_name for task in TASKS.values()} | set(Registry(folders.registry).names())
    for folder in (folders.decisions, folders.retrainings):
        known |= {path.name for path in folder.glob("[!.]*") if path.is_dir()}
    if name not in known:
        raise ModelUnknown(name, sorted(known))
