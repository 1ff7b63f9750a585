"""`raasid registry gc`: what nobody needs any more."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from raasid.pipeline.registry_command.amounts import minute_of, size_of
from raasid.pipeline.registry_command.hints import suggest
from raasid.pipeline.registry_command.reasons import reason_of
from raasid.pipeline.registry_command.tables import Cell, Column, Row, print_line, print_table, say_beside
from raasid.registry.gc import DAY, Keep, Sweep, collect, plan
from raasid.registry.names import Version
from raasid.registry.registry import Registry


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
