"""`raasid data`: lists, describes, compares, joins and exports dataset versions."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from raasid.console import terminal
from raasid.console.tables import Column, format_bytes, format_time, print_table, short_digest
from raasid.footage.formats import EXPORT_FORMATS, exporter
from raasid.footage.join import join_footage, select_clips
from raasid.footage.splits import SPLITS
from raasid.footage.store import DatasetStore
from raasid.footage.version import DatasetVersion, diff_versions

_MAX_CLIPS = 40


def main(words: Sequence[str]) -> None:
    """Run `raasid data WORDS`. Raises RaasidError, and SystemExit 2 for wrong arguments."""
    args = build_parser().parse_args(words)
    args.run(args, DatasetStore(args.store))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `raasid data`."""
    parser = argparse.ArgumentParser(prog="raasid data", description=__doc__)
    parser.add_argument("--store", type=Path, default=Path("store"), help="the store (default: ./store)")
    verbs = parser.add_subparsers(metavar="ls|show|diff|join|export", required=True)

    ls = verbs.add_parser("ls", help="list all versions, the newest last")
    ls.add_argument("name", nargs="?", help="only this dataset")
    ls.set_defaults(run=_ls)

    show = verbs.add_parser("show", help="say what is in a version and where it comes from")
    show.add_argument("ref", help="NAME, NAME@DIGEST or DIGEST; a prefix of the digest will do")
    show.add_argument("--verify", action="store_true", help="read all files and compare their digests")
    show.set_defaults(run=_show)

    diff = verbs.add_parser("diff", help="list the clips in which two versions differ")
    diff.add_argument("old")
    diff.add_argument("new")
    diff.add_argument("--all", action="store_true", help=f"every clip, not the first {_MAX_CLIPS}")
    diff.set_defaults(run=_diff)

    join = verbs.add_parser("join", help="store the clips of several versions as one dataset")
    join.add_argument("name", help="of the new version's dataset")
    join.add_argument("refs", nargs="+", metavar="ref")
    join.add_argument("--tag", action="append", default=[], help="only clips with it, or with one of several")
    join.add_argument("--split", action="append", default=[], choices=SPLITS, help="only clips in it")
    join.set_defaults(run=_join)

    export = verbs.add_parser("export", help="write a version in another tool's format")
    export.add_argument("ref")
    export.add_argument("format", choices=sorted(EXPORT_FORMATS))
    export.add_argument("folder", type=Path, help="a new folder")
    export.set_defaults(run=_export)
    return parser


def _ls(args: argparse.Namespace, store: DatasetStore) -> None:
    rows = [
        (
            version.ref,
            str(version.manifest["counts"]["clips"]),
            str(version.manifest["counts"]["frames"]),
            _size(version),
            format_time(str(version.manifest["created"])),
            str(version.manifest["made_by"]),
        )
        for version in store.versions(args.name)
    ]
    if rows:
        counts = [Column(title, right=True) for title in ("clips", "frames", "size")]
        print_table(["version", *counts, "stored (UTC)", "by"], rows)
    else:
        terminal.err().print(f"no dataset version in {store.root}", markup=False)


def _show(args: argparse.Namespace, store: DatasetStore) -> None:
    version = store.find(args.ref)
    if args.verify:
        version.verify()
    manifest, clips = version.manifest, version.clips()
    lines = [
        ("version", version.ref),
        ("digest", version.digest),
        ("folder", str(version.folder)),
        ("stored", f"{manifest['created']} by {manifest['made_by']}"),
        ("content", ", ".join(f"{count} {what}" for what, count in manifest["counts"].items())),
        ("size", _size(version)),
        ("splits", ", ".join(f"{name} {len(ids)}" for name, ids in manifest["splits"].items()) or "none"),
        ("editions", _counted(clip.provenance.law_edition or "none" for clip in clips)),
        ("rulings", _counted(clip.ruling.decision or "abstained" for clip in clips if clip.ruling)),
        ("tags", _counted(tag for clip in clips for tag in clip.tags)),
        ("left out", f"{manifest['left_out']} samples, {manifest['missing_media']} media missing"),
    ]
    known = {version.digest: version for version in store.versions()}
    ancestors = list(manifest["parents"])
    for depth, digest in enumerate(ancestors, start=1):
        parent = known.get(digest)
        name = parent.ref if parent is not None else f"{short_digest(digest)} (not in this store)"
        lines.append(("parent" if depth <= len(manifest["parents"]) else "ancestor", name))
        older = parent.manifest["parents"] if parent is not None else []
        ancestors += [digest for digest in older if digest not in ancestors]
    out = terminal.out()
    for name, value in lines:
        out.print(f"{name:<9} {value}", markup=False)
    if args.verify:
        out.print(f"verified  {len(manifest['files'])} files are what they were", markup=False)


def _diff(args: argparse.Namespace, store: DatasetStore) -> None:
    found = diff_versions(store.find(args.old), store.find(args.new))
    rows = [(d.clip, d.kind, ", ".join(d.fields), d.detail) for d in found]
    if rows:
        print_table(["clip", "is", "in", "detail"], rows if args.all else rows[:_MAX_CLIPS])
    if not args.all and len(rows) > _MAX_CLIPS:
        terminal.out().print(f"… and {len(rows) - _MAX_CLIPS} more; --all shows them", markup=False)
    terminal.out().print(_counted(d.kind for d in found) or "no difference", markup=False)


def _join(args: argparse.Namespace, store: DatasetStore) -> None:
    versions = [store.find(ref) for ref in args.refs]
    sources = {version.ref: select_clips(version.footage(), args.tag, args.split) for version in versions}
    joined = store.add(
        args.name,
        join_footage(sources),
        made_by="join",
        parents=[version.digest for version in versions],
        link_media=True,
    )
    splits = ", ".join(f"{name} {len(ids)}" for name, ids in joined.manifest["splits"].items()) or "no splits"
    terminal.out().print(
        f"{joined.ref}: {joined.manifest['counts']['clips']} clips, {splits}\n"
        f"next: raasid validate data=store data.dataset={joined.ref}",
        markup=False,
    )


def _export(args: argparse.Namespace, store: DatasetStore) -> None:
    footage = store.find(args.ref).footage()
    written = exporter(args.format)(footage, args.folder)
    total = sum(len(clip.frames) for clip in footage.clips)
    left = f", {total - written} without pixels left out" if written < total else ""
    terminal.out().print(f"{args.folder}: {written} frames as {args.format}{left}", markup=False)


def _counted(names: Iterable[str]) -> str:
    counts = Counter(names)
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda i: (-i[1], i[0])))


def _size(version: DatasetVersion) -> str:
    return format_bytes(sum(entry["bytes"] for entry in version.manifest["files"].values()))
