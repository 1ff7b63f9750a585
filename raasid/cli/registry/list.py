"""`raasid registry ls`: the versions of each model, with their metrics, aliases and traffic."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rich.text import Text

from raasid.cli.registry.command import print_next_command
from raasid.cli.registry.version_lookup import (
    aliases_by_version,
    primary_metrics,
    require_model,
    style_aliases,
    traffic_by_version,
)
from raasid.console.tables import (
    Column,
    Row,
    format_bytes,
    format_time,
    metric_cells,
    print_line,
    print_note,
    print_table,
)
from raasid.registry.errors import RegistryDamaged
from raasid.registry.lineage import labels_digest, run_name, split_sizes
from raasid.registry.names import Version
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry

_DIGITS = 3


@dataclass
class _Model:
    """What could be read of one model."""

    name: str
    versions: list[Version]
    """Those to list, the newest first."""
    total: int
    manifests: dict[Version, Manifest] = field(default_factory=dict)
    """Of the listed versions, except damaged ones."""
    freed: set[Version] = field(default_factory=set)
    aliases: dict[str, list[str]] = field(default_factory=dict)
    traffic: dict[str, list[str]] = field(default_factory=dict)


def ls(args: argparse.Namespace, registry: Registry) -> None:
    """Print a table for each model. Damage is raised at the end, after everything readable is printed."""
    names = [require_model(registry, args.name)] if args.name else registry.names()
    if not names:
        print_note(f"no version in {registry.root}; `raasid train` registers one")
        return
    damage: list[RegistryDamaged] = []
    dropped: dict[str, None] = {}
    for position, name in enumerate(names):
        if position:
            print_line()
        model = _read(registry, name, None if args.all else args.n, damage)
        dropped |= dict.fromkeys(_print_model(model))
    if dropped:
        print_note(f"no room for: {', '.join(dropped)}")
    print_next_command(args, "next", "show", names[0])
    if damage:
        raise damage[0]


def _read(registry: Registry, name: str, limit: int | None, damage: list[RegistryDamaged]) -> _Model:
    """Read one model; errors are added to `damage`."""
    versions = registry.versions(name)
    model = _Model(name, list(islice(versions.newest_first(), limit)), versions.count())
    for version in model.versions:
        try:
            model.manifests[version] = versions.manifest(version)
            if versions.freed(version) is not None:
                model.freed.add(version)
        except RegistryDamaged as error:
            damage.append(error)
    try:
        model.aliases = aliases_by_version(registry, name)
        model.traffic = traffic_by_version(registry, name)
    except RegistryDamaged as error:
        damage.append(error)
    return model


def _print_model(model: _Model) -> list[str]:
    """Print one model and return the titles of the columns dropped for lack of room."""
    print_line((model.name, "bold"), (f", {_count_text(len(model.versions), model.total)}", "dim"))
    measured = [metric for manifest in model.manifests.values() for metric in manifest.metrics]
    metrics = primary_metrics(model.name, measured)
    columns = [
        Column("version"),
        Column("alias"),
        *(Column(metric, drop=rank) for rank, metric in enumerate(metrics)),
        Column("serves", drop=2),
        Column("registered (UTC)", drop=3),
        Column("size", right=True, drop=4),
        Column("data", drop=5),
        Column("by", drop=6),
        Column("run", drop=7),
    ]
    return print_table(columns, _rows(model, metrics))


def _rows(model: _Model, metrics: Sequence[str]) -> Iterator[Row]:
    manifests = model.manifests.values()
    cells = [
        iter(metric_cells([manifest.metrics.get(metric) for manifest in manifests], _DIGITS))
        for metric in metrics
    ]
    for version in model.versions:
        name, manifest, freed = str(version), model.manifests.get(version), version in model.freed
        if manifest is None:
            yield Row([name, Text("damaged", "bold red"), *[""] * (len(metrics) + 6)])
            continue
        yield Row(
            [
                name,
                "freed" if freed else style_aliases(model.aliases.get(name, [])),
                *(next(column) for column in cells),
                ", ".join(model.traffic.get(name, [])),
                format_time(manifest.time),
                format_bytes(sum(member.bytes for member in manifest.files.values())),
                _training_data(manifest),
                manifest.author,
                run_name(manifest),
            ],
            "dim" if freed else "",
        )


def _training_data(manifest: Manifest) -> str:
    """Return the number of training frames and the start of the labels' digest."""
    frames = next((split.frames for split in split_sizes(manifest) if split.name == "train"), None)
    amount = "" if frames is None else f"{frames} frames"
    return f"{amount} {labels_digest(manifest)[:8]}".strip()


def _count_text(shown: int, total: int) -> str:
    if shown < total:
        return f"the newest {shown} of {total}"
    return "1 version" if total == 1 else f"{total} versions"
