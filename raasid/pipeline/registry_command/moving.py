"""`raasid registry export` and `import`: a version as one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from raasid.errors import UsageError
from raasid.pipeline.registry_command.amounts import size_of
from raasid.pipeline.registry_command.hints import suggest
from raasid.pipeline.registry_command.reasons import reason_of
from raasid.pipeline.registry_command.refs import find
from raasid.pipeline.registry_command.tables import print_line, say_beside
from raasid.registry.registry import Registry
from raasid.registry.transfer import export_version, import_version


class OutputTaken(UsageError):
    """A file that is there already; nothing is overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"-o: {path} is there already; name a new file, or remove it first")


class NoOutputFolder(UsageError):
    """A file whose folder is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"-o: {path.parent} is no folder; make it first")


def export(given: argparse.Namespace, registry: Registry) -> None:
    """Write a new file. Raises NotRegistered, Collected, RegistryDamaged, RegistryUnwritable."""
    version = find(registry, given.name, given.ref)
    path: Path = given.output
    if path.exists():
        raise OutputTaken(path)
    if not path.parent.is_dir():
        raise NoOutputFolder(path)
    export_version(registry, given.name, version, path)
    print_line((f"{given.name} {version}", "bold"), f" in {path}, {size_of(path.stat().st_size)}")
    say_beside(f"elsewhere: raasid registry import {path.name}")


def take(given: argparse.Namespace, registry: Registry) -> None:
    """Take a version in, under its own number. Raises PackageRefused, RegistryUnwritable."""
    name, version = import_version(registry, given.file, reason_of(given))
    print_line((f"{name} {version}", "bold"), f" imported from {given.file}")
    suggest(given, "next", "show", name, str(version))
