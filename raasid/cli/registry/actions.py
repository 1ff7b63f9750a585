"""`raasid registry alias`: let an alias point to another version.

`raasid registry export` and `import`: a version as one file.

`raasid registry sync`: send to W&B what was queued without a network.

`raasid registry key`: a key of one's own, to sign what one registers.

From what was typed to a version; what is unknown is answered with what is near.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from raasid.cli.registry.parser import reason_of, suggest
from raasid.config.suggestions import did_you_mean
from raasid.console.tables import print_line, say_beside, size_of
from raasid.errors import RaasidError, UsageError
from raasid.registry.archive import export_version, import_version
from raasid.registry.errors import NotRegistered
from raasid.registry.names import CHAMPION, COMPUTED, LATEST, Version, alias_name, model_name
from raasid.registry.registry import ANY, Registry
from raasid.registry.signing import SIGNING_KEY, TRUSTED_KEYS, make_key
from raasid.wandb_tracking.client import WandbMirror
from raasid.wandb_tracking.sync import sync as send


class NotSynced(RaasidError):
    """Something is still queued."""

    def __init__(self, left: int) -> None:
        what = "1 entry" if left == 1 else f"{left} entries"
        super().__init__(f"{what} of the outbox not in W&B yet, for the reason above; run the command again")


def sync(given: argparse.Namespace, registry: Registry) -> None:
    """Print a line for each thing that is sent, or would be.

    Raises NotSynced, RegistryDamaged, RegistryUnwritable.
    """
    done = send(registry, WandbMirror(), print_line)
    if done.left:
        raise NotSynced(done.left)


def make(given: argparse.Namespace, registry: Registry) -> None:
    """Write a private key and print the public one. Raises KeyUnusable: nothing is written over."""
    public = make_key(given.output)
    print_line((public, "bold"), "")
    say_beside(f"the private key is in {given.output}; to sign with it: export {SIGNING_KEY}={given.output}")
    say_beside(f"for others to trust it: a line with the public key in the file that {TRUSTED_KEYS} names")


_NEAR = 200
"""Versions among which to look for one that was meant."""


def known_model(registry: Registry, name: str) -> str:
    """Return a model's name if it has versions. Raises NotRegistered, BadName."""
    names = registry.names()
    if name in names:
        return name
    if not names:
        raise NotRegistered(name, f"{registry.root} holds no version yet; `raasid train` registers one")
    model_name(name)
    longer = [known for known in names if known.startswith(name)]
    near = f"; did you mean '{longer[0]}'?" if len(longer) == 1 else did_you_mean(name, names)
    raise NotRegistered(name, f"its models are {', '.join(names)}{near}")


def find(registry: Registry, name: str, ref: str | None) -> Version:
    """A version from a version, an alias, `latest` or `previous`; None: the champion, else the newest.

    Raises NotRegistered, BadName.
    """
    versions = registry.versions(known_model(registry, name))
    if ref is None:
        ref = CHAMPION if registry.alias(name, CHAMPION) is not None else LATEST
    asked = Version.maybe(ref)
    if asked is not None and not versions.has(asked):
        near = [str(version) for version in versions.names()[-_NEAR:] if versions.has(version)][::-1]
        newest = f"the newest are {', '.join(near[:3])}" if near else "there is none of that model"
        raise NotRegistered(f"{name} {ref}", f"{newest}{did_you_mean(ref, near)}")
    if asked is None:
        held = registry.aliases(name)
        if ref not in held and ref != LATEST:
            told = ", ".join(f"{alias} is {version}" for alias, version in held.items()) or "no alias is set"
            raise NotRegistered(f"{name} {ref}", f"{told}{did_you_mean(ref, [*held, *COMPUTED])}")
    return registry.resolve(name, ref)


NONE = "none"


def alias(given: argparse.Namespace, registry: Registry) -> None:
    """Set it, and say what it was. Raises NoReason, NotRegistered, BadName, Overtaken, RegistryUnwritable."""
    name, held = known_model(registry, given.name), alias_name(given.alias)
    reason = reason_of(given)
    if given.expect not in (None, NONE):
        Version.parse(given.expect)
    version = None if given.ref == NONE else find(registry, name, given.ref)
    before = registry.alias(name, held)
    registry.set_alias(name, held, version, reason, given.expect or ANY)
    came = f" (was {before})" if before not in (None, version) else ""
    print_line((f"{name} {held}", "bold"), f" = {version or NONE}{came}")
    if before not in (None, version):
        suggest(given, "back", "alias", name, held, str(before), "--reason", "…")


class OutputTaken(UsageError):
    """A file that is there already; nothing is overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"-o: {path} is there already; name a new file, or remove it first")


class NoOutputFolder(UsageError):
    """A file whose folder is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"-o: {path.parent} is no folder; make it first")


def export(given: argparse.Namespace, registry: Registry) -> None:
    """Write a new file. Raises NotRegistered, Collected, RegistryDamaged, RegistryUnwritable."""
    version = find(registry, given.name, given.ref)
    path: Path = given.output
    if path.exists():
        raise OutputTaken(path)
    if not path.parent.is_dir():
        raise NoOutputFolder(path)
    export_version(registry, given.name, version, path)
    print_line((f"{given.name} {version}", "bold"), f" in {path}, {size_of(path.stat().st_size)}")
    say_beside(f"elsewhere: raasid registry import {path.name}")


def take(given: argparse.Namespace, registry: Registry) -> None:
    """Take a version in, under its own number. Raises PackageRefused, RegistryUnwritable."""
    name, version = import_version(registry, given.file, reason_of(given))
    print_line((f"{name} {version}", "bold"), f" imported from {given.file}")
    suggest(given, "next", "show", name, str(version))
