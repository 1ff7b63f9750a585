"""`raasid registry show`: one version, from its metrics down to the digests of its files.

Whether a signature holds, in words.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from raasid.cli.registry.actions import find
from raasid.cli.registry.list import alias_text, decisive, decisive_first, held_by, served_by
from raasid.cli.registry.parser import suggest
from raasid.console.tables import (
    Cell,
    Column,
    Row,
    figures,
    minute_of,
    print_line,
    print_table,
    short,
    size_of,
)
from raasid.registry import lineage
from raasid.registry.errors import SignatureRefused
from raasid.registry.lineage import Parent, parent_of
from raasid.registry.names import Version
from raasid.registry.records import Evaluation, Figure, Manifest
from raasid.registry.registry import Registry
from raasid.registry.signing import trusted_keys


def signature_of(manifest: Manifest) -> str:
    """Who has signed a version, if this is what was signed, and whether that key is trusted here.

    Raises KeyUnusable: RAASID_TRUSTED_KEYS names no list of keys.
    """
    trusted, signature = trusted_keys(), manifest.signature
    if signature is None:
        return "none" if trusted is None else "none; only signed versions are trusted here"
    from raasid.registry.signing import verify  # loads a library of ciphers

    try:
        verify(manifest, frozenset({signature.key}))
    except SignatureRefused:
        return f"WRONG: not what the key {short(signature.key)} has signed"
    standing = "" if trusted is None else ", trusted" if signature.key in trusted else ", NOT trusted here"
    return f"Ed25519, by the key {short(signature.key)}{standing}"


INDENT = 2


def show(given: argparse.Namespace, registry: Registry) -> None:
    """Print everything that is known of a version. Raises NotRegistered, BadName, RegistryDamaged."""
    version = find(registry, given.name, given.ref)
    name, manifest = given.name, registry.versions(given.name).manifest(version)
    origins = lineage.upstream(registry, manifest.lineage)
    parent = parent_of(registry, manifest)
    _heading(registry, name, version, manifest)
    _metrics("metrics on held-out matches", name, manifest.metrics)
    evaluations = registry.evaluations(name, version)[::-1]
    if given.all:
        for evaluation in evaluations:
            _metrics(_measured_when(evaluation), name, evaluation.metrics)
    else:
        _measured_later(name, evaluations)
    _data(manifest)
    _lineage(manifest, origins)
    if parent is not None:
        _config(parent)
    _files(manifest)
    if parent is not None and registry.versions(name).has(parent.version):
        suggest(given, "next", "diff", name, str(parent.version), str(version))


def _heading(registry: Registry, name: str, version: Version, manifest: Manifest) -> None:
    aliases = held_by(registry, name).get(str(version), [])
    print_line((f"{name} {version}", "bold"), "  ", alias_text(aliases))
    facts: list[tuple[str, Cell]] = [
        ("registered", f"{manifest.time[:19].replace('T', ' ')} UTC by {manifest.author}"),
        ("reason", manifest.reason),
        ("serves", ", ".join(served_by(registry, name).get(str(version), [])) or "no traffic"),
        ("signature", signature_of(manifest)),
    ]
    freed = registry.versions(name).freed(version)
    if freed is not None:
        gone = f"{minute_of(freed.time)} by {freed.author}: {freed.reason}; its record is kept"
        facts.append(("freed", Text(gone, "yellow")))
    _facts(facts)


def _measured_when(evaluation: Evaluation) -> str:
    footage = lineage.footage_of(evaluation)
    return f"measured {minute_of(evaluation.time)} on {footage}: {evaluation.reason}"


def _measured_later(name: str, evaluations: Sequence[Evaluation]) -> None:
    """A line for each, the newest first, with the metrics that decide."""
    if not evaluations:
        return
    _title("measured later")
    metrics = decisive(name, (metric for evaluation in evaluations for metric in evaluation.metrics))
    columns = [Column("when (UTC)"), *(Column(metric, drop=rank) for rank, metric in enumerate(metrics))]
    columns += [Column("on", drop=2), Column("why", fold=20, drop=3), Column("by", drop=4)]
    told = [figures([evaluation.metrics.get(metric) for evaluation in evaluations]) for metric in metrics]
    rows = [
        Row(
            [
                minute_of(evaluation.time),
                *(cells[number] for cells in told),
                lineage.footage_of(evaluation),
                evaluation.reason,
                evaluation.author,
            ]
        )
        for number, evaluation in enumerate(evaluations)
    ]
    print_table(columns, rows, indent=INDENT)


def _metrics(title: str, name: str, metrics: Mapping[str, Figure]) -> None:
    if not metrics:
        return
    _title(title)
    first = decisive(name, metrics)
    names = decisive_first(name, metrics)
    cells = figures([metrics[metric] for metric in names])
    print_table(
        [Column("metric"), Column("value")],
        [
            Row([metric, cell], "bold" if metric in first else "")
            for metric, cell in zip(names, cells, strict=True)
        ],
        head=False,
        indent=INDENT,
    )


def _data(manifest: Manifest) -> None:
    parts, facts = lineage.splits(manifest), lineage.data_facts(manifest)
    if not parts and not facts:
        return
    _title("data")
    print_table(
        [Column("split"), Column("matches", right=True), Column("frames", right=True)],
        [Row([part.name, str(part.matches), str(part.frames)]) for part in parts],
        indent=INDENT,
    )
    _facts([(what, _whole_or_cut(value)) for what, value in facts.items()])


def _whole_or_cut(value: str) -> Cell:
    """A digest is not folded."""
    return Text(value, no_wrap=True, overflow="ellipsis") if len(value) == 64 and " " not in value else value


def _lineage(manifest: Manifest, origins: Sequence[lineage.Upstream]) -> None:
    _title("lineage")
    if not manifest.lineage:
        print_line(("nothing was recorded", "dim"), indent=INDENT)
    environment = dict(lineage.environment(manifest))
    code = environment.pop("code", "")
    _facts([("run", lineage.run(manifest)), ("code", code), ("environment", _listed(environment))])
    rows = []
    for weights in origins:
        known = Text(str(weights.version), "cyan") if weights.version else Text("not in this registry", "dim")
        rows.append(Row([weights.role, known, short(weights.sha256), weights.path]))
    print_table(
        [Column("upstream"), Column("version"), Column("sha256"), Column("from", cut=True, drop=1)],
        rows,
        indent=INDENT,
    )


def _listed(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def _config(parent: Parent) -> None:
    _title(f"config against {parent.version}, {parent.why}")
    if not parent.changes:
        print_line(("no difference", "dim"), indent=INDENT)
    print_table(
        [Column("key"), Column(str(parent.version), fold=24), Column("here", fold=24)],
        [Row([change.key, change.old, change.new]) for change in parent.changes],
        indent=INDENT,
    )


def _files(manifest: Manifest) -> None:
    _title("files")
    print_table(
        [Column("file"), Column("size", right=True), Column("sha256", cut=True)],
        [Row([name, size_of(file.bytes), file.sha256]) for name, file in sorted(manifest.files.items())],
        indent=INDENT,
    )


def _facts(facts: Sequence[tuple[str, Any]]) -> None:
    print_table(
        [Column("what"), Column("is", fold=24)],
        [Row([Text(what, "dim"), value]) for what, value in facts if value],
        head=False,
        indent=INDENT,
    )


def _title(title: str) -> None:
    print_line()
    print_line((title, "bold"))
