"""`raasid registry log`: who changed what, when and why."""

from __future__ import annotations

import argparse
from itertools import islice

from raasid.pipeline.registry_command.amounts import minute_of
from raasid.pipeline.registry_command.deeds import in_words
from raasid.pipeline.registry_command.refs import known_model
from raasid.pipeline.registry_command.tables import Column, Row, print_table, say_beside
from raasid.registry.journal import Journal
from raasid.registry.registry import Registry

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
