"""`raasid registry show`: one version, from its metrics down to the digests of its files."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from rich.text import Text

from raasid.cli.registry.command import print_next_command
from raasid.cli.registry.version_lookup import (
    aliases_by_version,
    primary_metrics,
    resolve_version,
    sort_metrics,
    style_aliases,
    traffic_by_version,
)
from raasid.console.tables import (
    Cell,
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
from raasid.registry.errors import SignatureRefused
from raasid.registry.lineage import Parent, parent_of
from raasid.registry.names import Version
from raasid.registry.records import EvaluationRecord, Manifest, MetricValue
from raasid.registry.registry import Registry
from raasid.registry.signing import trusted_keys, verify

_INDENT = 2


def show(args: argparse.Namespace, registry: Registry) -> None:
    """Print everything that is known of a version. Raises NotRegistered, BadName, RegistryDamaged."""
    version = resolve_version(registry, args.name, args.ref)
    name, manifest = args.name, registry.versions(args.name).manifest(version)
    inputs = lineage.input_weights(registry, manifest.lineage)
    parent = parent_of(registry, manifest)
    _print_heading(registry, name, version, manifest)
    _print_metrics("metrics on held-out matches", name, manifest.metrics)
    evaluations = registry.evaluations(name, version)[::-1]
    if args.all:
        for evaluation in evaluations:
            _print_metrics(_evaluation_title(evaluation), name, evaluation.metrics)
    else:
        _print_evaluations(name, evaluations)
    _print_data(manifest)
    _print_lineage(manifest, inputs)
    if parent is not None:
        _print_config_changes(parent)
    _print_files(manifest)
    if parent is not None and registry.versions(name).has(parent.version):
        print_next_command(args, "next", "diff", name, str(parent.version), str(version))


def _print_heading(registry: Registry, name: str, version: Version, manifest: Manifest) -> None:
    aliases = aliases_by_version(registry, name).get(str(version), [])
    print_line((f"{name} {version}", "bold"), "  ", style_aliases(aliases))
    traffic = traffic_by_version(registry, name).get(str(version), [])
    facts: list[tuple[str, Cell]] = [
        ("registered", f"{manifest.time[:19].replace('T', ' ')} UTC by {manifest.author}"),
        ("reason", manifest.reason),
        ("serves", ", ".join(traffic) or "no traffic"),
        ("signature", describe_signature(manifest)),
    ]
    freed = registry.versions(name).freed(version)
    if freed is not None:
        text = f"{format_time(freed.time)} by {freed.author}: {freed.reason}; its record is kept"
        facts.append(("freed", Text(text, "yellow")))
    _print_facts(facts)


def describe_signature(manifest: Manifest) -> str:
    """Describe who signed a version, whether the signature is valid, and whether the key is trusted here.

    Raises KeyUnusable if RAASID_TRUSTED_KEYS names no list of keys.
    """
    trusted, signature = trusted_keys(), manifest.signature
    if signature is None:
        return "none" if trusted is None else "none; only signed versions are trusted here"
    try:
        verify(manifest, frozenset({signature.key}))
    except SignatureRefused:
        return f"WRONG: not what the key {short_digest(signature.key)} has signed"
    trust = "" if trusted is None else ", trusted" if signature.key in trusted else ", NOT trusted here"
    return f"Ed25519, by the key {short_digest(signature.key)}{trust}"


def _print_metrics(title: str, name: str, metrics: Mapping[str, MetricValue]) -> None:
    if not metrics:
        return
    _print_title(title)
    primary = primary_metrics(name, metrics)
    names = sort_metrics(name, metrics)
    cells = metric_cells([metrics[metric] for metric in names])
    rows = [
        Row([metric, cell], "bold" if metric in primary else "")
        for metric, cell in zip(names, cells, strict=True)
    ]
    print_table(["metric", "value"], rows, head=False, indent=_INDENT)


def _evaluation_title(evaluation: EvaluationRecord) -> str:
    footage = lineage.evaluated_footage_text(evaluation)
    return f"measured {format_time(evaluation.time)} on {footage}: {evaluation.reason}"


def _print_evaluations(name: str, evaluations: Sequence[EvaluationRecord]) -> None:
    """Print a line with the primary metrics for each evaluation."""
    if not evaluations:
        return
    _print_title("measured later")
    metrics = primary_metrics(name, (metric for evaluation in evaluations for metric in evaluation.metrics))
    columns = [Column("when (UTC)"), *(Column(metric, drop=rank) for rank, metric in enumerate(metrics))]
    columns += [Column("on", drop=2), Column("why", fold=20, drop=3), Column("by", drop=4)]
    cells = [
        metric_cells([evaluation.metrics.get(metric) for evaluation in evaluations]) for metric in metrics
    ]
    rows: list[list[Cell]] = [
        [
            format_time(evaluation.time),
            *(column[position] for column in cells),
            lineage.evaluated_footage_text(evaluation),
            evaluation.reason,
            evaluation.author,
        ]
        for position, evaluation in enumerate(evaluations)
    ]
    print_table(columns, rows, indent=_INDENT)


def _print_data(manifest: Manifest) -> None:
    splits, facts = lineage.split_sizes(manifest), lineage.data_facts(manifest)
    if not splits and not facts:
        return
    _print_title("data")
    rows = [[split.name, str(split.matches), str(split.frames)] for split in splits]
    print_table(["split", Column("matches", right=True), Column("frames", right=True)], rows, indent=_INDENT)
    _print_facts([(what, _unfolded_digest(value)) for what, value in facts.items()])


def _unfolded_digest(value: str) -> Cell:
    """Return a digest as text that is cut off rather than folded; other values unchanged."""
    return Text(value, no_wrap=True, overflow="ellipsis") if len(value) == 64 and " " not in value else value


def _print_lineage(manifest: Manifest, inputs: Sequence[lineage.InputWeights]) -> None:
    _print_title("lineage")
    if not manifest.lineage:
        print_line(("nothing was recorded", "dim"), indent=_INDENT)
    environment = dict(lineage.environment(manifest))
    code = environment.pop("code", "")
    packages = ", ".join(f"{name} {value}" for name, value in environment.items())
    run, study = lineage.run_name(manifest), lineage.study(manifest)
    _print_facts([("run", run), ("study", study), ("code", code), ("environment", packages)])
    rows: list[list[Cell]] = []
    for weights in inputs:
        known = Text(str(weights.version), "cyan") if weights.version else Text("not in this registry", "dim")
        rows.append([weights.role, known, short_digest(weights.sha256), weights.path])
    print_table(["upstream", "version", "sha256", Column("from", cut=True, drop=1)], rows, indent=_INDENT)


def _print_config_changes(parent: Parent) -> None:
    _print_title(f"config against {parent.version}, {parent.why}")
    if not parent.changes:
        print_line(("no difference", "dim"), indent=_INDENT)
    columns = [Column("key"), Column(str(parent.version), fold=24), Column("here", fold=24)]
    print_table(columns, parent.changes, indent=_INDENT)


def _print_files(manifest: Manifest) -> None:
    _print_title("files")
    files = sorted(manifest.files.items())
    rows = [[name, format_bytes(file.bytes), file.sha256] for name, file in files]
    print_table(["file", Column("size", right=True), Column("sha256", cut=True)], rows, indent=_INDENT)


def _print_facts(facts: Sequence[tuple[str, Cell]]) -> None:
    rows: list[list[Cell]] = [[Text(what, "dim"), value] for what, value in facts if value]
    print_table(["what", Column("is", fold=24)], rows, head=False, indent=_INDENT)


def _print_title(title: str) -> None:
    print_line()
    print_line((title, "bold"))
