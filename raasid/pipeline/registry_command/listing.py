"""`raasid registry ls`: which versions there are, how good they are, and what they are used for."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rich.text import Text

from raasid.pipeline.registry_command.amounts import figures, minute_of, size_of
from raasid.pipeline.registry_command.decisive import decisive
from raasid.pipeline.registry_command.hints import suggest
from raasid.pipeline.registry_command.origin import labels_digest, run, splits
from raasid.pipeline.registry_command.refs import known_model
from raasid.pipeline.registry_command.standing import alias_text, held_by, served_by
from raasid.pipeline.registry_command.tables import Column, Row, print_line, print_table, say_beside
from raasid.registry.errors import RegistryDamaged
from raasid.registry.names import Version
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry

DIGITS = 3


def ls(given: argparse.Namespace, registry: Registry) -> None:
    """Print a table for each model; damage is said below, once everything readable has been shown."""
    names = [known_model(registry, given.name)] if given.name else registry.names()
    if not names:
        say_beside(f"no version in {registry.root}; `raasid train` registers one")
        return
    damage: list[RegistryDamaged] = []
    no_room: dict[str, None] = {}
    for number, name in enumerate(names):
        if number:
            print_line()
        model = _read(registry, name, None if given.all else given.n, damage)
        no_room |= dict.fromkeys(_table(model))
    if no_room:
        say_beside(f"no room for: {', '.join(no_room)}")
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
    told = [iter(figures([each.metrics.get(metric) for each in manifests], DIGITS)) for metric in metrics]
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
                minute_of(manifest.time),
                size_of(sum(member.bytes for member in manifest.files.values())),
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
