"""`raasid data`: look at the store: what is there, where it comes from, what differs; and take it out."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from raasid.console import terminal
from raasid.errors import RaasidError
from raasid.footage.formats.exports import FORMATS, writer
from raasid.footage.store import Store
from raasid.footage.version import DatasetVersion
from raasid.footage.version_diff import differences

_SHOWN = 40
_UNITS = ("B", "kB", "MB", "GB", "TB")


class VersionUnsound(RaasidError):
    """A version with files that are missing or not what they were."""

    def __init__(self, version: DatasetVersion, damage: Sequence[str]) -> None:
        listed = "\n".join(f"  {line}" for line in damage)
        super().__init__(f"{version.ref} is damaged:\n{listed}\nstore the footage again, or restore a backup")


def main(words: Sequence[str]) -> None:
    """Carry out `raasid data WORDS`; raises RaasidError, and SystemExit 2 for words that make no sense."""
    given = _parser().parse_args(words)
    given.carry_out(given, Store(given.store))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="raasid data", description=__doc__)
    parser.add_argument("--store", type=Path, default=Path("store"), help="the store (default: ./store)")
    verbs = parser.add_subparsers(metavar="ls|show|diff|export", required=True)

    ls = verbs.add_parser("ls", help="list all versions, the newest last")
    ls.add_argument("name", nargs="?", help="only this dataset")
    ls.set_defaults(carry_out=_ls)

    show = verbs.add_parser("show", help="say what is in a version and where it comes from")
    show.add_argument("ref", help="NAME, NAME@DIGEST or DIGEST; a prefix of the digest will do")
    show.add_argument("--verify", action="store_true", help="read all files and compare their digests")
    show.set_defaults(carry_out=_show)

    diff = verbs.add_parser("diff", help="list the clips in which two versions differ")
    diff.add_argument("old")
    diff.add_argument("new")
    diff.add_argument("--all", action="store_true", help=f"every clip, not the first {_SHOWN}")
    diff.set_defaults(carry_out=_diff)

    export = verbs.add_parser("export", help="write a version in another tool's format")
    export.add_argument("ref")
    export.add_argument("format", choices=sorted(FORMATS))
    export.add_argument("folder", type=Path, help="a new folder")
    export.set_defaults(carry_out=_export)
    return parser


def _ls(given: argparse.Namespace, store: Store) -> None:
    rows = [
        (
            version.ref,
            str(version.manifest["counts"]["clips"]),
            str(version.manifest["counts"]["frames"]),
            _size(version),
            str(version.manifest["created"])[:16].replace("T", " "),
            str(version.manifest["made_by"]),
        )
        for version in store.versions(given.name)
    ]
    if rows:
        terminal.print_table(
            ("version", "clips", "frames", "size", "stored (UTC)", "by"), rows, right={1, 2, 3}
        )
    else:
        terminal.err().print(f"no dataset version in {store.root}", markup=False)


def _show(given: argparse.Namespace, store: Store) -> None:
    version = store.find(given.ref)
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
        name = parent.ref if parent is not None else f"{digest[:12]} (not in this store)"
        lines.append(("parent" if depth <= len(manifest["parents"]) else "ancestor", name))
        older = parent.manifest["parents"] if parent is not None else []
        ancestors += [digest for digest in older if digest not in ancestors]
    out = terminal.out()
    for name, value in lines:
        out.print(f"{name:<9} {value}", markup=False)
    if given.verify:
        if damage := version.damage():
            raise VersionUnsound(version, damage)
        out.print(f"verified  {len(manifest['files'])} files are what they were", markup=False)


def _diff(given: argparse.Namespace, store: Store) -> None:
    found = differences(store.find(given.old), store.find(given.new))
    rows = [(d.clip, d.kind, ", ".join(d.what), d.detail) for d in found]
    if rows:
        terminal.print_table(
            ("clip", "is", "in", "detail"), rows if given.all else rows[:_SHOWN], right=set()
        )
    if not given.all and len(rows) > _SHOWN:
        terminal.out().print(f"… and {len(rows) - _SHOWN} more; --all shows them", markup=False)
    terminal.out().print(_counted(d.kind for d in found) or "no difference", markup=False)


def _export(given: argparse.Namespace, store: Store) -> None:
    footage = store.find(given.ref).footage()
    written = writer(given.format)(footage, given.folder)
    total = sum(len(clip.frames) for clip in footage.clips)
    left = f", {total - written} without pixels left out" if written < total else ""
    terminal.out().print(f"{given.folder}: {written} frames as {given.format}{left}", markup=False)


def _counted(names: Iterable[str]) -> str:
    counts = Counter(names)
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda i: (-i[1], i[0])))


def _size(version: DatasetVersion) -> str:
    size = sum(entry["bytes"] for entry in version.manifest["files"].values())
    power = min(max(0, len(str(size)) - 1) // 3, len(_UNITS) - 1)
    return f"{size / 1000**power:.{1 if power else 0}f} {_UNITS[power]}"
