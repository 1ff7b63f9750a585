"""`raasid registry alias`, `export`, `import`, `sync` and `key`: change, copy, mirror and sign versions."""

from __future__ import annotations

import argparse
from pathlib import Path

from raasid.cli.registry.command import print_next_command, reason_of
from raasid.cli.registry.version_lookup import require_model, resolve_version
from raasid.console.tables import format_bytes, print_line, print_note
from raasid.errors import RaasidError, UsageError
from raasid.registry import archive, signing
from raasid.registry.names import Version, alias_name
from raasid.registry.registry import ANY, Registry

_NONE = "none"


def alias(args: argparse.Namespace, registry: Registry) -> None:
    """Point an alias to a version and print what it was.

    Raises MissingReason, NotRegistered, BadName, ConcurrentUpdate, RegistryUnwritable.
    """
    name, alias = require_model(registry, args.name), alias_name(args.alias)
    reason = reason_of(args)
    if args.expect not in (None, _NONE):
        Version.parse(args.expect)
    version = None if args.ref == _NONE else resolve_version(registry, name, args.ref)
    before = registry.alias(name, alias)
    registry.set_alias(name, alias, version, reason, args.expect or ANY)
    changed = before not in (None, version)
    print_line((f"{name} {alias}", "bold"), f" = {version or _NONE}{f' (was {before})' if changed else ''}")
    if changed:
        print_next_command(args, "back", "alias", name, alias, str(before), "--reason", "…")


def export_version(args: argparse.Namespace, registry: Registry) -> None:
    """Write a version to a new file.

    Raises OutputExists, NoOutputFolder, NotRegistered, VersionFreed, RegistryDamaged, RegistryUnwritable.
    """
    version = resolve_version(registry, args.name, args.ref)
    path: Path = args.output
    if path.exists():
        raise OutputExists(path)
    if not path.parent.is_dir():
        raise NoOutputFolder(path)
    archive.export_version(registry, args.name, version, path)
    print_line((f"{args.name} {version}", "bold"), f" in {path}, {format_bytes(path.stat().st_size)}")
    print_note(f"elsewhere: raasid registry import {path.name}")


def import_version(args: argparse.Namespace, registry: Registry) -> None:
    """Import an exported version under its own number. Raises PackageRefused, RegistryUnwritable."""
    name, version = archive.import_version(registry, args.file, reason_of(args))
    print_line((f"{name} {version}", "bold"), f" imported from {args.file}")
    print_next_command(args, "next", "show", name, str(version))


def sync(args: argparse.Namespace, registry: Registry) -> None:
    """Send queued messages to W&B and print a line for each.

    Raises NotSynced, RegistryDamaged, RegistryUnwritable.
    """
    from raasid.wandb_tracking.client import WandbMirror
    from raasid.wandb_tracking.sync import sync as sync_outbox

    done = sync_outbox(registry, WandbMirror(), print_line)
    if done.left:
        raise NotSynced(done.left)


def create_key(args: argparse.Namespace, registry: Registry) -> None:
    """Write a new private key and print the public one. Raises KeyUnusable if the file exists."""
    public = signing.make_key(args.output)
    print_line((public, "bold"), "")
    key, trusted = signing.SIGNING_KEY, signing.TRUSTED_KEYS
    print_note(f"the private key is in {args.output}; to sign with it: export {key}={args.output}")
    print_note(f"for others to trust it: a line with the public key in the file that {trusted} names")


class NotSynced(RaasidError):
    """Messages are still queued."""

    def __init__(self, left: int) -> None:
        what = "1 entry" if left == 1 else f"{left} entries"
        super().__init__(f"{what} of the outbox not in W&B yet, for the reason above; run the command again")


class OutputExists(UsageError):
    """The output file exists; nothing is overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"-o: {path} is there already; name a new file, or remove it first")


class NoOutputFolder(UsageError):
    """The folder of the output file does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"-o: {path.parent} is no folder; make it first")
