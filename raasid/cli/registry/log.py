"""`raasid registry log`: who changed what, when and why."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from raasid.cli.registry.version_lookup import format_share, require_model
from raasid.console.tables import Column, Row, format_bytes, format_time, print_note, print_table
from raasid.registry.change_history import ChangeEntry, ChangeHistory
from raasid.registry.registry import Registry

_MAX_FREED = 3
"""Freed versions that are named in one line."""
MIRRORING = ("queue", "send")
"""Actions that mirror changes to W&B; listed only with --all, where they would bury the changes."""


def log(args: argparse.Namespace, registry: Registry) -> None:
    """Print a line for each change. Damage is raised at the end, after everything readable is printed."""
    name = require_model(registry, args.name) if args.name else None
    history = ChangeHistory(registry)
    matching = (
        entry
        for entry in history.newest_first()
        if args.all or (entry.carried_out and entry.action not in MIRRORING)
        if name is None or entry.concerns(name)
    )
    entries = list(islice(matching, None if args.all else args.n))
    if not entries and not history.damage:
        print_note(f"nothing was ever changed in {registry.root}")
    columns = [
        Column("when (UTC)"),
        Column("what", fold=36),
        Column("why", fold=22, max_lines=3),
        Column("by", drop=1),
    ]
    print_table(columns, [_row(entry) for entry in entries])
    if history.damage:
        raise history.damage[0]


def _row(entry: ChangeEntry) -> Row:
    what = format_change(entry) + ("" if entry.carried_out else " (not carried out)")
    cells = [format_time(entry.time), what, entry.reason, entry.author]
    return Row(cells, "" if entry.carried_out else "dim")


def format_change(entry: ChangeEntry) -> str:
    """Describe what was changed, from what to what; of an unknown action all that the log holds."""
    describe = _DESCRIPTIONS.get(entry.action)
    if describe is not None:
        return describe(entry)
    return ", ".join([entry.action, *(f"{key} {value}" for key, value in entry.changes.items())])


def _registration(entry: ChangeEntry) -> str:
    return f"{entry.changes['name']} {entry.version or 'a version'} registered"


def _alias(entry: ChangeEntry) -> str:
    changes = entry.changes
    before = None if entry.before is None else entry.before["version"]
    was = f" (was {before})" if before else ""
    return f"{changes['name']} {changes['alias']} = {changes['version'] or 'none'}{was}"


def _evaluation(entry: ChangeEntry) -> str:
    return f"{entry.changes['name']} {entry.changes['version']} measured on {entry.changes['split']}"


def _import(entry: ChangeEntry) -> str:
    return f"{entry.changes['name']} {entry.changes['version']} imported from {entry.changes['file']}"


def _gc(entry: ChangeEntry) -> str:
    versions: Sequence[str] = entry.changes["versions"]
    more = f" and {len(versions) - _MAX_FREED} more" if versions[_MAX_FREED:] else ""
    named = ", ".join(versions[:_MAX_FREED]) + more
    return f"{format_bytes(entry.changes['bytes'])} freed: {named or 'files of no version'}"


def _routes(entry: ChangeEntry) -> str:
    """Describe only the shares that differ; a switch mostly moves a few of many."""
    old, new = _shares((entry.before or {}).get("routes", [])), _shares(entry.changes["routes"])
    changed = [key for key in [*new, *(key for key in old if key not in new)] if old.get(key) != new.get(key)]
    parts = [f"{' '.join(key)} {_share_change(old.get(key), new.get(key))}" for key in changed]
    return "routes: " + ("; ".join(parts) or "as before")


def _shares(routes: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], float]:
    return {(route["edition"], route["name"], route["version"]): route["share"] for route in routes}


def _share_change(old: float | None, new: float | None) -> str:
    if new is None:
        return "out"
    return format_share(new) if old is None else f"{format_share(old)} → {format_share(new)}"


_DESCRIPTIONS: dict[str, Callable[[ChangeEntry], str]] = {
    "register": _registration,
    "alias": _alias,
    "route": _routes,
    "evaluate": _evaluation,
    "gc": _gc,
    "import": _import,
    "gate": lambda entry: "{name} {challenger} compared with {champion} by the gate".format(**entry.changes),
    "take back": lambda entry: f"{entry.changes['record']} taken back",
    "queue": lambda entry: f"for {entry.changes['for']}: {entry.changes['what']}",
    "send": lambda entry: f"entry {entry.changes['entry']} sent to {entry.changes['to']}",
}
