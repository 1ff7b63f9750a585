"""`raasid registry diff`: in what two versions of a model differ."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from rich.text import Text

from raasid.cli.registry.actions import find
from raasid.cli.registry.list import decisive, decisive_first
from raasid.console.tables import Column, Row, figures, minute_of, print_line, print_table, short, size_of
from raasid.registry import lineage
from raasid.registry.lineage import ABSENT, config_delta
from raasid.registry.names import Version
from raasid.registry.record_chain import canonical
from raasid.registry.records import Evaluation, Figure, Manifest
from raasid.registry.registry import Registry

INDENT = 2
DIGITS = 3


def diff(given: argparse.Namespace, registry: Registry) -> None:
    """Print metrics side by side, then only what differs. Raises NotRegistered, BadName, RegistryDamaged."""
    name, versions = given.name, registry.versions(given.name)
    old, new = (versions.manifest(find(registry, name, ref)) for ref in (given.old, given.new))
    print_line((f"{name} {old.version} and {new.version}", "bold"))
    print_line()
    _metrics(old, new, old.metrics, new.metrics)
    footage = [lineage.held_out(side.lineage.get("data") or {}) for side in (old, new)]
    if None not in footage and footage[0] != footage[1]:
        print_line(
            ("measured on different footage: evaluate both on the same", "yellow"),
            indent=INDENT,
        )
    for before, after in _on_the_same(registry, old, new):
        print_line()
        print_line((f"measured later on {lineage.footage_of(after)}", "bold"))
        _metrics(old, new, before.metrics, after.metrics)
    _rows("data", old, new, _data_rows(old, new))
    _rows("config", old, new, [list(change) for change in config_delta(old.config, new.config)])
    _rows("files", old, new, _file_rows(old, new))
    _rows("record", old, new, _record_rows(old, new))


def _on_the_same(registry: Registry, old: Manifest, new: Manifest) -> list[tuple[Evaluation, Evaluation]]:
    """The newest measurements of both on the same split of the same data."""
    before, after = (
        {
            (evaluation.split, canonical(evaluation.data)): evaluation
            for evaluation in registry.evaluations(side.name, Version.parse(side.version))
        }
        for side in (old, new)
    )
    return [(before[footage], found) for footage, found in after.items() if footage in before]


def _metrics(
    old: Manifest, new: Manifest, old_figures: Mapping[str, Figure], new_figures: Mapping[str, Figure]
) -> None:
    names = decisive_first(new.name, [*old_figures, *new_figures])
    first = decisive(new.name, names)
    before, after = ([side.get(metric) for metric in names] for side in (old_figures, new_figures))
    rows = [
        Row([metric, left, right, _change(a, b)], "bold" if metric in first else "")
        for metric, left, right, a, b in zip(
            names, figures(before, DIGITS), figures(after, DIGITS), before, after, strict=True
        )
    ]
    columns = [Column("metric", cut=True), Column(old.version), Column(new.version), Column("change")]
    print_table(columns, rows, indent=INDENT)


def _change(old: Figure | None, new: Figure | None) -> Text:
    """The difference, and whether the 95 % intervals have anything in common: `apart` is no accident."""
    if old is None or new is None:
        return Text()
    change = Text(f"{new.value - old.value:+.{DIGITS}f}")
    apart = _apart(old, new)
    if apart is not None:
        change.append(" apart" if apart else " overlap", "bold" if apart else "dim")
    return change


def _apart(old: Figure, new: Figure) -> bool | None:
    """None: an interval is missing."""
    if old.low is None or old.high is None or new.low is None or new.high is None:
        return None
    return old.high < new.low or new.high < old.low


def _rows(title: str, old: Manifest, new: Manifest, rows: list[list[str]]) -> None:
    print_line()
    print_line((title, "bold"), "" if rows else "  the same")
    print_table(
        [Column(""), Column(old.version, fold=24), Column(new.version, fold=24)],
        [Row([Text(row[0]), *row[1:]]) for row in rows],
        indent=INDENT,
    )


def _data_rows(old: Manifest, new: Manifest) -> list[list[str]]:
    sides = []
    for manifest in (old, new):
        parts = {
            f"{part.name}": f"{part.frames} frames of {part.matches} matches"
            for part in lineage.splits(manifest)
        }
        sides.append(
            parts | {what: _shortened(value) for what, value in lineage.data_facts(manifest).items()}
        )
    return _differing(*sides)


def _shortened(value: str) -> str:
    return short(value) if len(value) == 64 and " " not in value else value


def _file_rows(old: Manifest, new: Manifest) -> list[list[str]]:
    left, right = (
        {name: f"{size_of(file.bytes)} {short(file.sha256)}" for name, file in side.files.items()}
        for side in (old, new)
    )
    return _differing(left, right)


def _record_rows(old: Manifest, new: Manifest) -> list[list[str]]:
    left, right = (
        {
            "registered": minute_of(side.time),
            "by": side.author,
            "reason": side.reason,
            "run": lineage.run(side),
            **lineage.environment(side),
        }
        for side in (old, new)
    )
    return _differing(left, right)


def _differing(old: dict[str, str], new: dict[str, str]) -> list[list[str]]:
    names = dict.fromkeys([*old, *new])
    return [[n, old.get(n, ABSENT), new.get(n, ABSENT)] for n in names if old.get(n) != new.get(n)]
