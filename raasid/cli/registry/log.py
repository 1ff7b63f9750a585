"""`raasid registry log`: who changed what, when and why.

A change in words.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from raasid.cli.registry.actions import known_model
from raasid.console.tables import Column, Row, minute_of, print_table, say_beside, size_of
from raasid.registry.change_history import Entry, Journal
from raasid.registry.registry import Registry

_MANY = 3


def in_words(entry: Entry) -> str:
    """What was changed, from what to what; of an action that is not known here, all that the log tells."""
    say = _ACTIONS.get(entry.action)
    if say is not None:
        return say(entry)
    return ", ".join([entry.action, *(f"{key} {value}" for key, value in entry.changes.items())])


def _registered(entry: Entry) -> str:
    return f"{entry.changes['name']} {entry.version or 'a version'} registered"


def _alias(entry: Entry) -> str:
    changes = entry.changes
    before = None if entry.before is None else entry.before["version"]
    came = f" (was {before})" if before else ""
    return f"{changes['name']} {changes['alias']} = {changes['version'] or 'none'}{came}"


def _measured(entry: Entry) -> str:
    return f"{entry.changes['name']} {entry.changes['version']} measured on {entry.changes['split']}"


def _imported(entry: Entry) -> str:
    return f"{entry.changes['name']} {entry.changes['version']} imported from {entry.changes['file']}"


def _freed(entry: Entry) -> str:
    versions: Sequence[str] = entry.changes["versions"]
    shown = ", ".join(versions[:_MANY]) + (f" and {len(versions) - _MANY} more" if versions[_MANY:] else "")
    return f"{size_of(entry.changes['bytes'])} freed: {shown or 'files of no version'}"


def _routes(entry: Entry) -> str:
    """Every share that differs; a switch mostly moves a few of many."""
    old, new = _shares((entry.before or {}).get("routes", [])), _shares(entry.changes["routes"])
    moved = [key for key in [*new, *(key for key in old if key not in new)] if old.get(key) != new.get(key)]
    told = [f"{' '.join(key)} {_moved(old.get(key), new.get(key))}" for key in moved]
    return "routes: " + ("; ".join(told) or "as before")


def _shares(routes: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], float]:
    return {(route["edition"], route["name"], route["version"]): route["share"] for route in routes}


def _moved(old: float | None, new: float | None) -> str:
    if new is None:
        return "out"
    return _percent(new) if old is None else f"{_percent(old)} → {_percent(new)}"


def _percent(share: float) -> str:
    return f"{100 * share:g}%" if share else "shadow"


_ACTIONS: dict[str, Callable[[Entry], str]] = {
    "register": _registered,
    "alias": _alias,
    "route": _routes,
    "evaluate": _measured,
    "gc": _freed,
    "import": _imported,
    "take back": lambda entry: f"{entry.changes['record']} taken back",
    "queue": lambda entry: f"for {entry.changes['for']}: {entry.changes['what']}",
    "send": lambda entry: f"entry {entry.changes['entry']} sent to {entry.changes['to']}",
}


BESIDE = ("queue", "send")
"""What is told to W&B follows from the changes and is none: it would bury them."""


def log(given: argparse.Namespace, registry: Registry) -> None:
    """Print a line for each change; damage is said below, once everything readable has been shown."""
    name = known_model(registry, given.name) if given.name else None
    journal = Journal(registry)
    told = (
        entry
        for entry in journal.newest_first()
        if given.all or (entry.carried_out and entry.action not in BESIDE)
        if name is None or entry.concerns(name)
    )
    entries = list(islice(told, None if given.all else given.n))
    if not entries and not journal.damage:
        say_beside(f"nothing was ever changed in {registry.root}")
    print_table(
        [
            Column("when (UTC)"),
            Column("what", fold=36),
            Column("why", fold=22, lines=3),
            Column("by", drop=1),
        ],
        [
            Row(
                [
                    minute_of(entry.time),
                    in_words(entry) + ("" if entry.carried_out else " (not carried out)"),
                    entry.reason,
                    entry.author,
                ],
                "" if entry.carried_out else "dim",
            )
            for entry in entries
        ],
    )
    if journal.damage:
        raise journal.damage[0]
