"""`raasid registry fsck`: everything that is wrong, by name.

`raasid registry gc`: what nobody needs any more.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from raasid.cli.registry.parser import reason_of, suggest
from raasid.console import terminal
from raasid.console.tables import Cell, Column, Row, minute_of, print_line, print_table, say_beside, size_of
from raasid.errors import RaasidError
from raasid.registry.filesystem import Disk
from raasid.registry.fsck import fsck
from raasid.registry.gc import DAY, Keep, Sweep, collect, plan
from raasid.registry.names import Version
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
    with terminal.progress("files read", total) as advance:
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


def clear(given: argparse.Namespace, registry: Registry) -> None:
    """Say what can go and why; with --yes, free it. Raises RegistryDamaged, RegistryUnwritable."""
    reason = reason_of(given)
    grace = None if given.grace_days is None else given.grace_days * DAY
    asked = {"newest": given.newest, "window": given.window, "grace_s": grace}
    keep = Keep(**{name: value for name, value in asked.items() if value is not None})
    sweep = collect(registry, keep, reason) if given.yes else plan(registry, keep)
    rows = [*_versions(registry, sweep, keep), *_others(sweep)]
    if not rows:
        print_line("nothing to free: every version is named, new or young")
        return
    columns = [Column("what"), Column("frees", right=True), Column("registered (UTC)", drop=1)]
    print_table([*columns, Column("why it may go", fold=24)], rows)
    verb = "freed" if given.yes else "would be freed"
    print_line()
    print_line((size_of(sweep.bytes), "bold"), f" {verb}; records and metrics stay")
    if given.yes:
        say_beside(f"files of versions are set aside; a gc after the grace ({_days(keep)}) deletes them")
    else:
        suggest(given, "nothing was done; this does it", "gc", "--yes", *_typed(given))


def _versions(registry: Registry, sweep: Sweep, keep: Keep) -> list[Row]:
    rows = []
    for name, text, size in sweep.versions:
        versions = registry.versions(name)
        rank = 1 + sum(1 for version in versions.names() if version > Version.parse(text))
        told = minute_of(versions.manifest(Version.parse(text)).time)
        why = f"{_ordinal(rank)} newest; no alias or route named it in the last {keep.window} records"
        rows.append(Row([f"{name} {text}", size_of(size), told, why]))
    return rows


def _others(sweep: Sweep) -> list[Row]:
    kinds: Sequence[tuple[str, Sequence[tuple[Path, int]], str]] = [
        ("object", sweep.objects, "of no version: a registration was cut short"),
        ("leftover", sweep.leftovers, "drafts of killed processes, and what an earlier gc has set aside"),
    ]
    return [_other(what, files, why) for what, files, why in kinds if files]


def _other(what: str, files: Sequence[tuple[Path, int]], why: str) -> Row:
    cells: list[Cell] = [
        f"{len(files)} {what}{'s' * (len(files) > 1)}",
        size_of(sum(size for _, size in files)),
    ]
    return Row([*cells, "", why])


def _typed(given: argparse.Namespace) -> list[str]:
    """The options as they were given, so that the hint does what was shown."""
    options = {"--newest": given.newest, "--window": given.window, "--grace-days": given.grace_days}
    return [word for name, value in options.items() if value is not None for word in (name, f"{value:g}")]


def _days(keep: Keep) -> str:
    return f"{keep.grace_s / DAY:g} days"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
