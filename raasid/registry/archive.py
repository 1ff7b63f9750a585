"""Export and import of a version as one tar file, with the manifest byte for byte.

The archive (POSIX pax) holds `manifest.json`, `objects/<sha256>` for each file, `evaluations/<seq>.json`, and
`aliases.json` with the aliases that pointed to the version. The same version gives the same bytes.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from raasid.io.atomic import atomic_path
from raasid.registry.errors import PackageRefused, RegistryDamaged
from raasid.registry.file_checks import check_files
from raasid.registry.names import Version, alias_name, model_name
from raasid.registry.record_chain import MAX_RECORD_BYTES, canonical_json, decode_record, sha256_hex
from raasid.registry.records import EvaluationRecord, Manifest
from raasid.registry.registry import Registry
from raasid.registry.signing import trusted_keys, verify

_MEMBER = re.compile(r"manifest\.json|aliases\.json|objects/[0-9a-f]{64}|evaluations/\d{8,}\.json")
_Members = dict[str, Callable[[int], bytes]]
"""Name of an archive member -> reads it if it is not larger than so many bytes."""


def export_version(registry: Registry, name: str, version: Version, path: Path) -> None:
    """Write a version as one file, which appears complete or not at all.

    Raises NotRegistered, VersionFreed, RegistryUnwritable, and RegistryDamaged: nothing damaged is exported.
    """
    manifest = registry.usable_manifest(name, version)
    aliases = sorted(
        alias
        for alias, target in registry.aliases(name).items()
        if target == version and registry.is_settable(alias)
    )
    folder = registry.versions(name).folder_of(version)
    with (
        registry.writing(f"exporting to {path}"),
        atomic_path(path) as draft,
        tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as tar,
    ):
        _add(tar, "manifest.json", registry.fs.read(folder / "manifest.json"))
        _add(tar, "aliases.json", canonical_json(aliases))
        for record in registry.fs.list_folder(folder / "evaluations"):
            if _MEMBER.fullmatch(f"evaluations/{record}"):
                _add(tar, f"evaluations/{record}", registry.fs.read(folder / "evaluations" / record))
        for sha256 in sorted({member.sha256 for member in manifest.files.values()}):
            _add(tar, f"objects/{sha256}", registry.objects.read(sha256))


def import_version(registry: Registry, path: Path, reason: str) -> tuple[str, Version]:
    """Import an exported version under its own name and number, which are returned; idempotent.

    Its aliases are set if the registry has none of that name yet. Raises PackageRefused if the archive is
    malformed or damaged, holds files that no registry accepts, or if its number is taken by another version;
    SignatureRefused if keys are trusted (RAASID_TRUSTED_KEYS); BadName; RegistryUnwritable.
    """
    with _opened(path) as members:
        data = _read_record(members, "manifest.json", path)
        try:
            manifest: Manifest = Manifest.from_body(
                decode_record(data, f"{path}: manifest.json"), "manifest.json"
            )
            evaluations = _read_evaluations(members, path)
        except RegistryDamaged as error:
            raise PackageRefused(
                str(path), f"{error.path.removeprefix(f'{path}: ')} {error.reason}"
            ) from error
        name, version = model_name(manifest.name), Version.parse(manifest.version)
        keys = trusted_keys()
        if keys is not None:
            verify(manifest, keys)
        for member, file in manifest.files.items():
            check_files({member: _read_object(members, file.sha256, file.bytes, path)})
        aliases = _read_aliases(members, path)
        versions = registry.versions(name)
        with registry.writing(f"importing {path}"):
            for file in manifest.files.values():
                registry.objects.put(_read_object(members, file.sha256, file.bytes, path))
            changes = {
                "name": name,
                "version": manifest.version,
                "file": path.name,
                "manifest": sha256_hex(data),
                "ops": [json.loads(evaluation)["op"] for evaluation in evaluations.values()],
            }
            change = registry.announce("import", changes, reason)
            if not versions.register_as(version, data):
                known = versions.manifest_and_digest(version)[1]
                if known != sha256_hex(data):
                    raise PackageRefused(
                        f"{name} {version}", "is another version here; import it into an empty registry"
                    )
            registry.log.done(change.op, versions.manifest_path(version))
            _write_evaluations(registry, versions.folder_of(version) / "evaluations", evaluations)
        for alias in aliases:
            if registry.alias(name, alias) is None:
                registry.set_alias(name, alias, version, f"imported with {version}", expect="none")
    return name, version


@contextmanager
def _opened(path: Path) -> Iterator[_Members]:
    """Open an archive and check the names of its members; nothing is ever unpacked to a path."""
    try:
        with tarfile.open(path, "r:") as tar:
            members: _Members = {}
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


def _reader(tar: tarfile.TarFile, info: tarfile.TarInfo, path: Path) -> Callable[[int], bytes]:
    def read(max_bytes: int) -> bytes:
        if info.size > max_bytes:
            raise PackageRefused(
                str(path), f"{info.name} claims {info.size} bytes; {max_bytes} are expected at most"
            )
        file = tar.extractfile(info)
        return b"" if file is None else file.read()

    return read


def _read_record(members: _Members, name: str, path: Path) -> bytes:
    if name not in members:
        raise PackageRefused(str(path), f"{name} is missing; write it with `raasid registry export`")
    return members[name](MAX_RECORD_BYTES)


def _read_object(members: _Members, sha256: str, size: int, path: Path) -> bytes:
    reader = members.get(f"objects/{sha256}")
    if reader is None:
        raise PackageRefused(str(path), f"objects/{sha256} is missing")
    data = reader(size)
    if sha256_hex(data) != sha256:
        raise PackageRefused(str(path), f"objects/{sha256} was changed after it was written")
    return data


def _read_evaluations(members: _Members, path: Path) -> dict[str, bytes]:
    """Return the checked evaluation records by file name."""
    found = {}
    for name in sorted(members):
        if name.startswith("evaluations/"):
            data = _read_record(members, name, path)
            EvaluationRecord.from_body(decode_record(data, f"{path}: {name}"), name)
            found[name.removeprefix("evaluations/")] = data
    return found


def _read_aliases(members: _Members, path: Path) -> list[str]:
    data = _read_record(members, "aliases.json", path)
    try:
        return [alias_name(alias) for alias in json.loads(data)]
    except (ValueError, TypeError, RecursionError) as error:
        raise PackageRefused(str(path), "aliases.json is not a list of aliases") from error


def _write_evaluations(registry: Registry, folder: Path, evaluations: dict[str, bytes]) -> None:
    if evaluations:
        registry.writer.make_folders(folder, registry.root)
    for record, data in sorted(evaluations.items()):
        registry.writer.create(folder / record, data)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
