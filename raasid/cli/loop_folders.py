"""The folders that the commands about the loop read, and the models that these know."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from raasid.config.suggestions import did_you_mean
from raasid.errors import UsageError
from raasid.registry.names import model_name
from raasid.registry.registry import Registry
from raasid.tasks import TASKS


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
    model_name(name)
    known = {task.registry_name for task in TASKS.values()} | set(Registry(folders.registry).names())
    for folder in (folders.decisions, folders.retrainings):
        known |= {path.name for path in folder.glob("[!.]*") if path.is_dir()}
    if name not in known:
        raise ModelUnknown(name, sorted(known))
