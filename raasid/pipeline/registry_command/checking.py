"""`raasid registry fsck`: everything that is wrong, by name."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from raasid import console
from raasid.errors import RaasidError
from raasid.pipeline.registry_command.tables import print_line
from raasid.registry.disk import Disk
from raasid.registry.fsck import fsck
from raasid.registry.registry import Registry


class RegistryUnsound(RaasidError):
    """Files that are missing, changed, or not the registry's."""

    def __init__(self, root: Path, findings: int) -> None:
        super().__init__(
            f"{findings} finding{'s' * (findings > 1)} in {root}; nothing was repaired: "
            "take the files from a backup, or import the versions from their exports"
        )


class _Counting(Disk):
    """Tells how far a check has come."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance

    def read(self, path: Path) -> bytes:
        """Return a whole file."""
        self._advance(1)
        return super().read(path)


def check(given: argparse.Namespace, registry: Registry) -> None:
    """Print a finding a line; else what was looked at. Raises RegistryUnsound."""
    content, root = not given.quick, registry.root
    total = sum(1 for _ in _files(registry.disk, root, content))
    with console.progress("files read", total) as advance:
        findings = fsck(Registry(root, disk=_Counting(advance)), content=content)
    for finding in findings:
        print_line(str(finding))
    if findings:
        raise RegistryUnsound(root, len(findings))
    counts = {
        "version": sum(len(list(registry.versions(name).newest_first())) for name in registry.names()),
        "object": sum(1 for _ in registry.objects.all()),
        "routing table": 0 if (table := registry.routes()) is None else table.seq,
        "log file": len(registry.disk.names(registry.log.folder)),
    }
    told = ", ".join(f"{count} {what}{'s' * (count != 1)}" for what, count in counts.items())
    print_line(
        f"{told}: ", ("sound", "bold green"), "" if content else " (the content of objects was not read)"
    )


def _files(disk: Disk, folder: Path, content: bool) -> Iterator[Path]:
    for name in disk.names(folder):
        path = folder / name
        entry = disk.entry(path)
        if entry is not None and entry.is_folder:
            if content or name != "objects":
                yield from _files(disk, path, content)
        elif entry is not None:
            yield path
