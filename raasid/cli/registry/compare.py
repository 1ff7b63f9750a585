"""`raasid registry diff`: how two versions of a model differ in metrics, data, config, files and origin."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from rich.text import Text

from raasid.cli.registry.version_lookup import primary_metrics, resolve_version, sort_metrics
from raasid.console.tables import (
    Column,
    Row,
    format_bytes,
    format_time,
    metric_cells,
    print_line,
    print_table,
    short_digest,
)
from raasid.registry import lineage
from raasid.registry.lineage import ABSENT, config_delta
from raasid.registry.names import Version
from raasid.registry.record_chain import canonical_json
from raasid.registry.records import EvaluationRecord, Manifest, MetricValue
from raasid.registry.registry import Registry

_INDENT = 2
_DIGITS = 3
_DiffRow = Sequence[str]
"""Name, old and new value."""


def diff(args: argparse.Namespace, registry: Registry) -> None:
    """Print metrics side by side, then only what differs. Raises NotRegistered, BadName, RegistryDamaged."""
    name, versions = args.name, registry.versions(args.name)
    old, new = (versions.manifest(resolve_version(registry, name, ref)) for ref in (args.old, args.new))
    print_line((f"{name} {old.version} and {new.version}", "bold"))
    print_line()
    _print_metrics(old, new, old.metrics, new.metrics)
    footage = [lineage.evaluated_footage(side.lineage.get("data") or {}) for side in (old, new)]
    if None not in footage and footage[0] != footage[1]:
        print_line(("measured on different footage: evaluate both on the same", "yellow"), indent=_INDENT)
    for before, after in _evaluations_on_same_data(registry, old, new):
        print_line()
        print_line((f"measured later on {lineage.evaluated_footage_text(after)}", "bold"))
        _print_metrics(old, new, before.metrics, after.metrics)
    _print_section("data", old, new, _differing(_data(old), _data(new)))
    _print_section("config", old, new, config_delta(old.config, new.config))
    _print_section("files", old, new, _differing(_files(old), _files(new)))
    _print_section("record", old, new, _differing(_origin(old), _origin(new)))


def _evaluations_on_same_data(
    registry: Registry, old: Manifest, new: Manifest
) -> list[tuple[EvaluationRecord, EvaluationRecord]]:
    """Return the newest evaluations of both versions on the same split of the same data."""
    before, after = (
        {
            (evaluation.split, canonical_json(evaluation.data)): evaluation
            for evaluation in registry.evaluations(side.name, Version.parse(side.version))
        }
        for side in (old, new)
    )
    return [(before[footage], found) for footage, found in after.items() if footage in before]


def _print_metrics(
    old: Manifest,
    new: Manifest,
    old_metrics: Mapping[str, MetricValue],
    new_metrics: Mapping[str, MetricValue],
) -> None:
    names = sort_metrics(new.name, [*old_metrics, *new_metrics])
    primary = primary_metrics(new.name, names)
    before, after = ([side.get(metric) for metric in names] for side in (old_metrics, new_metrics))
    rows = [
        Row([metric, left, right, _change(a, b)], "bold" if metric in primary else "")
        for metric, left, right, a, b in zip(
            names, metric_cells(before, _DIGITS), metric_cells(after, _DIGITS), before, after, strict=True
        )
    ]
    columns = [Column("metric", cut=True), Column(old.version), Column(new.version), Column("change")]
    print_table(columns, rows, indent=_INDENT)


def _change(old: MetricValue | None, new: MetricValue | None) -> Text:
    """Format the difference and whether the 95 % intervals overlap; `apart` is significant."""
    if old is None or new is None:
        return Text()
    change = Text(f"{new.value - old.value:+.{_DIGITS}f}")
    if old.low is None or old.high is None or new.low is None or new.high is None:
        return change
    apart = old.high < new.low or new.high < old.low
    return change.append(" apart" if apart else " overlap", "bold" if apart else "dim")


def _print_section(title: str, old: Manifest, new: Manifest, rows: Sequence[_DiffRow]) -> None:
    print_line()
    print_line((title, "bold"), "" if rows else "  the same")
    columns = [Column(""), Column(old.version, fold=24), Column(new.version, fold=24)]
    print_table(columns, rows, indent=_INDENT)


def _data(manifest: Manifest) -> dict[str, str]:
    splits = {
        split.name: f"{split.frames} frames of {split.matches} matches"
        for split in lineage.split_sizes(manifest)
    }
    facts = lineage.data_facts(manifest).items()
    return splits | {name: short_digest(value) if _is_digest(value) else value for name, value in facts}


def _is_digest(value: str) -> bool:
    return len(value) == 64 and " " not in value


def _files(manifest: Manifest) -> dict[str, str]:
    files = manifest.files.items()
    return {name: f"{format_bytes(file.bytes)} {short_digest(file.sha256)}" for name, file in files}


def _origin(manifest: Manifest) -> dict[str, str]:
    return {
        "registered": format_time(manifest.time),
        "by": manifest.author,
        "reason": manifest.reason,
        "run": lineage.run_name(manifest),
        **lineage.environment(manifest),
    }


def _differing(old: Mapping[str, str], new: Mapping[str, str]) -> list[_DiffRow]:
    names = dict.fromkeys([*old, *new])
    return [[n, old.get(n, ABSENT), new.get(n, ABSENT)] for n in names if old.get(n) != new.get(n)]
