"""`raasid registry fsck` and `gc`: check a registry, and free what is no longer needed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from raasid.cli.registry.command import print_next_command, reason_of
from raasid.console import terminal
from raasid.console.tables import Column, Row, format_bytes, format_time, print_line, print_note, print_table
from raasid.errors import RaasidError
from raasid.registry import fsck as checks
from raasid.registry.filesystem import FileSystem
from raasid.registry.gc import DAY, GcPlan, RetentionPolicy, collect_garbage, plan_gc
from raasid.registry.names import Version
from raasid.registry.registry import Registry


class RegistryUnsound(RaasidError):
    """A check found damaged, missing or foreign files."""

    def __init__(self, root: Path, findings: int) -> None:
        super().__init__(
            f"{findings} finding{'s' * (findings > 1)} in {root}; nothing was repaired: "
            "take the files from a backup, or import the versions from their exports"
        )


def fsck(args: argparse.Namespace, registry: Registry) -> None:
    """Print one finding per line, or a summary of a sound registry. Raises RegistryUnsound."""
    content, root = not args.quick, registry.root
    total = sum(1 for _ in _files(registry.fs, root, content))
    with terminal.progress("files read", total) as update:
        findings = checks.fsck(Registry(root, fs=_ProgressFileSystem(update)), content=content)
    for finding in findings:
        print_line(str(finding))
    if findings:
        raise RegistryUnsound(root, len(findings))
    counts = {
        "version": sum(len(list(registry.versions(name).newest_first())) for name in registry.names()),
        "object": sum(1 for _ in registry.objects.paths()),
        "routing table": 0 if (table := registry.routes()) is None else table.seq,
        "log file": len(registry.fs.list_folder(registry.log.folder)),
    }
    summary = ", ".join(f"{count} {what}{'s' * (count != 1)}" for what, count in counts.items())
    note = "" if content else " (the content of objects was not read)"
    print_line(f"{summary}: ", ("sound", "bold green"), note)


class _ProgressFileSystem(FileSystem):
    """Reports each file that is read."""

    def __init__(self, update: Callable[[int], None]) -> None:
        self._update = update

    def read(self, path: Path) -> bytes:
        """Return the content of a file."""
        self._update(1)
        return super().read(path)


def _files(fs: FileSystem, folder: Path, content: bool) -> Iterator[Path]:
    for name in fs.list_folder(folder):
        path = folder / name
        info = fs.stat(path)
        if info is not None and info.is_folder:
            if content or name != "objects":
                yield from _files(fs, path, content)
        elif info is not None:
            yield path


def gc(args: argparse.Namespace, registry: Registry) -> None:
    """List what can be freed and why; with --yes, free it. Raises RegistryDamaged, RegistryUnwritable."""
    reason = reason_of(args)
    grace_s = None if args.grace_days is None else args.grace_days * DAY
    options = {"newest": args.newest, "window": args.window, "grace_s": grace_s}
    policy = RetentionPolicy(**{name: value for name, value in options.items() if value is not None})
    plan = collect_garbage(registry, policy, reason) if args.yes else plan_gc(registry, policy)
    rows = [*_version_rows(registry, plan, policy), *_file_rows(plan)]
    if not rows:
        print_line("nothing to free: every version is named, new or young")
        return
    columns = [Column("what"), Column("frees", right=True), Column("registered (UTC)", drop=1)]
    print_table([*columns, Column("why it may go", fold=24)], rows)
    print_line()
    verb = "freed" if args.yes else "would be freed"
    print_line((format_bytes(plan.bytes), "bold"), f" {verb}; records and metrics stay")
    if args.yes:
        grace = f"{policy.grace_s / DAY:g} days"
        print_note(f"files of versions are set aside; a gc after the grace ({grace}) deletes them")
    else:
        print_next_command(args, "nothing was done; this does it", "gc", "--yes", *_typed_options(args))


def _version_rows(registry: Registry, plan: GcPlan, policy: RetentionPolicy) -> list[Row]:
    rows = []
    for name, text, size in plan.versions:
        versions, version = registry.versions(name), Version.parse(text)
        rank = 1 + sum(1 for other in versions.names() if other > version)
        registered = format_time(versions.manifest(version).time)
        why = f"{_ordinal(rank)} newest; no alias or route named it in the last {policy.window} records"
        rows.append(Row([f"{name} {text}", format_bytes(size), registered, why]))
    return rows


def _file_rows(plan: GcPlan) -> list[Row]:
    groups: Sequence[tuple[str, Sequence[tuple[Path, int]], str]] = [
        ("object", plan.objects, "of no version: a registration was cut short"),
        ("leftover", plan.leftovers, "drafts of killed processes, and what an earlier gc has set aside"),
    ]
    return [
        Row([f"{len(files)} {what}{'s' * (len(files) > 1)}", format_bytes(sum(s for _, s in files)), "", why])
        for what, files, why in groups
        if files
    ]


def _typed_options(args: argparse.Namespace) -> list[str]:
    """Return the options as they were given, so that the suggested command frees what was listed."""
    options = {"--newest": args.newest, "--window": args.window, "--grace-days": args.grace_days}
    return [word for name, value in options.items() if value is not None for word in (name, f"{value:g}")]


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
