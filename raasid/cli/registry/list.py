"""`raasid registry ls`: which versions there are, how good they are, and what they are used for.

What versions are used for: the aliases that they hold and the traffic that they answer.

The metrics by which a model is judged, without loading what measures them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rich.text import Text

from raasid.cli.registry.actions import known_model
from raasid.cli.registry.parser import suggest
from raasid.console.tables import (
    Column,
    Row,
    metric_cells,
    format_time,
    print_line,
    print_table,
    print_note,
    format_bytes,
)
from raasid.registry.errors import RegistryDamaged
from raasid.registry.lineage import labels_digest, run, splits
from raasid.registry.names import CHALLENGER, CHAMPION, Version
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry
from raasid.tasks import find_task

_STYLES = {CHAMPION: "bold green", CHALLENGER: "cyan"}


def held_by(registry: Registry, name: str) -> dict[str, list[str]]:
    """Version -> the aliases that point to it, champion first."""
    held: dict[str, list[str]] = {}
    for alias, version in sorted(
        registry.aliases(name).items(), key=lambda item: (item[0] != CHAMPION, item[0])
    ):
        held.setdefault(str(version), []).append(alias)
    return held


def served_by(registry: Registry, name: str) -> dict[str, list[str]]:
    """Version -> the traffic that it answers, `ifab_2025_26 25%`; `*` where none is named."""
    table = registry.routes()
    serves: dict[str, list[str]] = {}
    for route in table.routes if table is not None else ():
        if route.name == name:
            share = f"{100 * route.share:g}%" if route.share else "shadow"
            serves.setdefault(route.version, []).append(f"{route.edition} {share}")
    return serves


def alias_text(aliases: Sequence[str]) -> Text:
    """Aliases in their colours."""
    return Text(", ").join(Text(alias, _STYLES.get(alias, "")) for alias in aliases)


def decisive(name: str, measured: Iterable[str]) -> tuple[str, ...]:
    """The metrics to look at first; of a model that is not known here, the first two that were measured."""
    task = find_task(name)
    return tuple(dict.fromkeys(measured))[:2] if task is None else task.table_metrics


def decisive_first(name: str, measured: Iterable[str]) -> list[str]:
    """All metrics that were measured, those that decide in front."""
    known = list(dict.fromkeys(measured))
    first = [metric for metric in decisive(name, known) if metric in known]
    return first + [metric for metric in known if metric not in first]


DIGITS = 3


def ls(given: argparse.Namespace, registry: Registry) -> None:
    """Print a table for each model; damage is said below, once everything readable has been shown."""
    names = [known_model(registry, given.name)] if given.name else registry.names()
    if not names:
        print_note(f"no version in {registry.root}; `raasid train` registers one")
        return
    damage: list[RegistryDamaged] = []
    no_room: dict[str, None] = {}
    for number, name in enumerate(names):
        if number:
            print_line()
        model = _read(registry, name, None if given.all else given.n, damage)
        no_room |= dict.fromkeys(_table(model))
    if no_room:
        print_note(f"no room for: {', '.join(no_room)}")
    suggest(given, "next", "show", names[0])
    if damage:
        raise damage[0]


def _table(model: _Model) -> list[str]:
    """Print one model; returns the columns for which there was no room."""
    print_line((model.name, "bold"), (f", {_counted(len(model.shown), model.total)}", "dim"))
    measured = [metric for manifest in model.manifests.values() for metric in manifest.metrics]
    metrics = decisive(model.name, measured)
    columns = [Column("version"), Column("alias")]
    columns += [Column(metric, drop=rank) for rank, metric in enumerate(metrics)]
    columns += [
        Column("serves", drop=2),
        Column("registered (UTC)", drop=3),
        Column("size", right=True, drop=4),
    ]
    columns += [Column("data", drop=5), Column("by", drop=6), Column("run", drop=7)]
    return print_table(columns, _rows(model, metrics))


def _rows(model: _Model, metrics: Sequence[str]) -> Iterator[Row]:
    manifests = model.manifests.values()
    told = [iter(metric_cells([each.metrics.get(metric) for each in manifests], DIGITS)) for metric in metrics]
    for version in model.shown:
        name, manifest, freed = str(version), model.manifests.get(version), version in model.freed
        if manifest is None:
            yield Row([name, Text("damaged", "bold red"), *[""] * (len(metrics) + 6)])
            continue
        yield Row(
            [
                name,
                "freed" if freed else alias_text(model.held.get(name, [])),
                *(next(column) for column in told),
                ", ".join(model.serves.get(name, [])),
                format_time(manifest.time),
                format_bytes(sum(member.bytes for member in manifest.files.values())),
                _data(manifest),
                manifest.author,
                run(manifest),
            ],
            "dim" if freed else "",
        )


def _counted(shown: int, total: int) -> str:
    if shown < total:
        return f"the newest {shown} of {total}"
    return "1 version" if total == 1 else f"{total} versions"


@dataclass
class _Model:
    """What is known of one model, as far as it can be read."""

    name: str
    shown: list[Version]
    total: int
    manifests: dict[Version, Manifest] = field(default_factory=dict)
    """Of those that are shown and sound."""
    freed: set[Version] = field(default_factory=set)
    held: dict[str, list[str]] = field(default_factory=dict)
    """Version -> its aliases."""
    serves: dict[str, list[str]] = field(default_factory=dict)


def _read(registry: Registry, name: str, most: int | None, damage: list[RegistryDamaged]) -> _Model:
    """Read one model; what cannot be read is added to the damage."""
    versions = registry.versions(name)
    shown = list(islice(versions.newest_first(), most))
    model = _Model(name, shown, versions.count())
    for version in shown:
        try:
            model.manifests[version] = versions.manifest(version)
            if versions.freed(version) is not None:
                model.freed.add(version)
        except RegistryDamaged as error:
            damage.append(error)
    try:
        model.held, model.serves = held_by(registry, name), served_by(registry, name)
    except RegistryDamaged as error:
        damage.append(error)
    return model


def _data(manifest: Manifest) -> str:
    """How much was trained on, and a mark by which to see whether the data are the same."""
    frames = next((part.frames for part in splits(manifest) if part.name == "train"), None)
    amount = "" if frames is None else f"{frames} frames"
    return f"{amount} {labels_digest(manifest)[:8]}".strip()
