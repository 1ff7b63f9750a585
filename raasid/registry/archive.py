"""A version in one file, to be carried to another registry: the same manifest, byte for byte.

A tar archive (POSIX pax): `manifest.json`, `objects/<sha256>` for each file, `evaluations/<seq>.json`, and
`aliases.json` with the aliases that pointed to it. The same version gives the same bytes.
"""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from raasid.registry.errors import PackageRefused, RegistryDamaged
from raasid.registry.file_checks import check_files
from raasid.registry.filesystem import LEFTOVER
from raasid.registry.names import Version, alias_name, model_name
from raasid.registry.record_chain import LARGEST, canonical, digest, unsealed
from raasid.registry.records import Evaluation, Manifest
from raasid.registry.registry import Registry
from raasid.registry.signing import trusted_keys

_MEMBER = re.compile(r"manifest\.json|aliases\.json|objects/[0-9a-f]{64}|evaluations/\d{8,}\.json")


def export_version(registry: Registry, name: str, version: Version, path: Path) -> None:
    """Write a version as one file; it is there whole or not at all.

    Raises NotRegistered, Collected, RegistryDamaged: nothing damaged is handed on; RegistryUnwritable.
    """
    versions = registry.versions(name)
    manifest = registry.usable(name, version)
    held = sorted(
        alias
        for alias, held in registry.aliases(name).items()
        if held == version and registry.settable(alias)
    )
    home = versions.home(version)
    draft = path.with_name(f"{LEFTOVER}{path.name}-{os.getpid()}")
    with registry.writing(f"exporting to {path}"):
        try:
            with tarfile.open(draft, "x", format=tarfile.PAX_FORMAT) as tar:
                _add(tar, "manifest.json", registry.disk.read(home / "manifest.json"))
                _add(tar, "aliases.json", canonical(held))
                for record in registry.disk.names(home / "evaluations"):
                    if _MEMBER.fullmatch(f"evaluations/{record}"):
                        _add(tar, f"evaluations/{record}", registry.disk.read(home / "evaluations" / record))
                for sha256 in sorted({member.sha256 for member in manifest.files.values()}):
                    _add(tar, f"objects/{sha256}", registry.objects.read(sha256))
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()


def import_version(registry: Registry, path: Path, reason: str) -> tuple[str, Version]:
    """Take a version out of such a file, under its own name and number; return them.

    Doing it twice is doing it once. Its aliases are set where the registry has none of that name yet.
    Raises PackageRefused: not such a file, damaged, with files that no registry takes, or of a number that
    another version has here; SignatureRefused where keys are trusted (RAASID_TRUSTED_KEYS); BadName;
    RegistryUnwritable.
    """
    with _opened(path) as members:
        data = _small(members, "manifest.json", path)
        try:
            manifest: Manifest = Manifest.of(unsealed(data, f"{path}: manifest.json"), "manifest.json")
            evaluations = _evaluations(members, path)
        except RegistryDamaged as error:
            raise PackageRefused(
                str(path), f"{error.path.removeprefix(f'{path}: ')} {error.reason}"
            ) from error
        name, version = model_name(manifest.name), Version.parse(manifest.version)
        _trusted(manifest)
        for name_inside, file in manifest.files.items():
            check_files({name_inside: _content(members, file.sha256, file.bytes, path)})
        aliases = _aliases(_small(members, "aliases.json", path), path)
        versions = registry.versions(name)
        with registry.writing(f"importing {path}"):
            for member in manifest.files.values():
                registry.objects.put(_content(members, member.sha256, member.bytes, path))
            told = {"name": name, "version": manifest.version, "file": path.name, "manifest": digest(data)}
            ops = [json.loads(evaluation)["op"] for evaluation in evaluations.values()]
            change = registry.announce("import", {**told, "ops": ops}, reason)
            if not versions.claim_exactly(version, data):
                known = versions.sealed_manifest(version)[1]
                if known != digest(data):
                    raise PackageRefused(
                        f"{name} {version}", "is another version here; import it into an empty registry"
                    )
            registry.log.done(change.op, versions.home(version) / "manifest.json")
            _keep_evaluations(registry, versions.home(version) / "evaluations", evaluations)
        for alias in aliases:
            if registry.alias(name, alias) is None:
                registry.set_alias(name, alias, version, f"imported with {version}", expect="none")
    return name, version


def _trusted(manifest: Manifest) -> None:
    keys = trusted_keys()
    if keys is not None:
        from raasid.registry.signing import verify  # loads a library of ciphers

        verify(manifest, keys)


def _keep_evaluations(registry: Registry, folder: Path, evaluations: dict[str, bytes]) -> None:
    if evaluations:
        registry.durable.folder(folder, registry.root)
    for record, data in sorted(evaluations.items()):
        registry.durable.create(folder / record, data)


def _evaluations(members: dict[str, Any], path: Path) -> dict[str, bytes]:
    found = {}
    for name in sorted(members):
        if name.startswith("evaluations/"):
            data = _small(members, name, path)
            Evaluation.of(unsealed(data, f"{path}: {name}"), name)
            found[name.removeprefix("evaluations/")] = data
    return found


def _aliases(data: bytes, path: Path) -> list[str]:
    try:
        told = json.loads(data)
        return [alias_name(alias) for alias in told]
    except (ValueError, TypeError, RecursionError) as error:
        raise PackageRefused(str(path), "aliases.json is not a list of aliases") from error


def _content(members: dict[str, Any], sha256: str, size: int, path: Path) -> bytes:
    reader = members.get(f"objects/{sha256}")
    if reader is None:
        raise PackageRefused(str(path), f"objects/{sha256} is missing")
    data: bytes = reader(size)
    if digest(data) != sha256:
        raise PackageRefused(str(path), f"objects/{sha256} was changed after it was written")
    return data


def _small(members: dict[str, Any], name: str, path: Path) -> bytes:
    if name not in members:
        raise PackageRefused(str(path), f"{name} is missing; write it with `raasid registry export`")
    data: bytes = members[name](LARGEST)
    return data


@contextmanager
def _opened(path: Path) -> Iterator[dict[str, Any]]:
    """Name of each member -> how to read at most some bytes of it. Nothing is ever unpacked to a path."""
    try:
        with tarfile.open(path, "r:") as tar:
            members: dict[str, Any] = {}
            for info in tar:
                if not info.isfile() or not _MEMBER.fullmatch(info.name) or info.name in members:
                    raise PackageRefused(
                        str(path), f"holds {info.name[:120]!r}, which has no place in a version"
                    )
                members[info.name] = _reader(tar, info, path)
            yield members
    except (tarfile.TarError, EOFError) as error:
        raise PackageRefused(str(path), f"is not a version ({str(error) or type(error).__name__})") from error
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise PackageRefused(str(path), error.strerror or "cannot be read") from error


def _reader(tar: tarfile.TarFile, info: tarfile.TarInfo, path: Path) -> Any:
    def read(most: int) -> bytes:
        if info.size > most:
            raise PackageRefused(
                str(path), f"{info.name} claims {info.size} bytes; {most} are expected at most"
            )
        file = tar.extractfile(info)
        return b"" if file is None else file.read()

    return read


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
