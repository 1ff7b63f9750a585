"""The model registry: registers versions, moves aliases and switches routes in a shared folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from raasid.registry.change_log import ChangeLog
from raasid.registry.errors import BadName, ConcurrentUpdate, NotRegistered, RegistryUnwritable, VersionFreed
from raasid.registry.file_checks import check_files
from raasid.registry.filesystem import AtomicWriter, FileSystem
from raasid.registry.names import CHAMPION, LATEST, PREVIOUS, Version, alias_name, edition_name, model_name
from raasid.registry.objects import RegistryObjects
from raasid.registry.record_chain import ChainRecord, RecordBody, RecordChain, encode_record
from raasid.registry.records import (
    AliasRecord,
    ChangeRecord,
    EvaluationRecord,
    Manifest,
    MetricValue,
    PackageFile,
    Route,
    RouteTable,
    Signature,
    current_author,
)
from raasid.registry.versions import ModelVersions

ANY = "*"
"""`expect` of an alias: whatever it points to now."""
ManifestSigner = Callable[[Manifest], Signature]


class Registry:
    """A folder that any number of processes on any number of machines may share. Not thread-safe.

    fs, clock: replaced in tests. author: of changes; default `RAASID_AUTHOR`, or user@host.
    Reading raises RegistryDamaged, writing RegistryUnwritable: the state is then the old or the new one.
    """

    def __init__(
        self,
        root: Path,
        *,
        fs: FileSystem | None = None,
        author: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.root, self.author, self.clock = root.absolute(), author or current_author(), clock
        self.writer = AtomicWriter(fs or FileSystem())
        self.fs = self.writer.fs
        self.objects = RegistryObjects(self.root, self.writer)
        self.log = ChangeLog(self.root, self.writer)
        self._versions: dict[str, ModelVersions] = {}
        self._chains: dict[Path, RecordChain] = {}

    def names(self) -> list[str]:
        """Return the names of all models."""
        return [name for name in self.fs.list_folder(self.root / "models") if _is_model(name)]

    def versions(self, name: str) -> ModelVersions:
        """Return the versions of a model, which may be none. Raises BadName."""
        if name not in self._versions:
            self._versions[model_name(name)] = ModelVersions(self.root, name, self.writer)
        return self._versions[name]

    def resolve(self, name: str, ref: str) -> Version:
        """Return the version that a number, alias, `latest` or `previous` refers to. Raises NotRegistered."""
        versions = self.versions(name)
        version = Version.try_parse(ref)
        if version is not None:
            versions.manifest(version)
        elif ref == LATEST:
            version = versions.latest()
        else:
            version = self.previous(name) if ref == PREVIOUS else self.alias(name, alias_name(ref))
        if version is None:
            known = ", ".join(f"{alias} is {target}" for alias, target in self.aliases(name).items())
            raise NotRegistered(f"{name} {ref}", known or "no alias of that model is set")
        return version

    def usable_manifest(self, name: str, version: Version) -> Manifest:
        """Return a version's manifest if its files are kept.

        Raises NotRegistered, VersionFreed, RegistryDamaged.
        """
        manifest = self.versions(name).manifest(version)
        freed = self.versions(name).freed(version)
        if freed is not None:
            raise VersionFreed(f"{name} {version}", freed.time)
        return manifest

    def read(self, name: str, version: Version, member: str) -> bytes:
        """Return a verified file of a version. Raises NotRegistered, VersionFreed, RegistryDamaged."""
        manifest = self.usable_manifest(name, version)
        if member not in manifest.files:
            raise NotRegistered(f"{name} {version} {member}", f"its files are {', '.join(manifest.files)}")
        return self.objects.read(manifest.files[member].sha256)

    def register(
        self,
        name: str,
        files: Mapping[str, Path | bytes],
        *,
        model: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
        metrics: Mapping[str, MetricValue] | None = None,
        lineage: Mapping[str, Any] | None = None,
        reason: str = "",
        sign: ManifestSigner | None = None,
    ) -> Version:
        """Register files as a new version; on return it survives any crash.

        Raises BadName, PackageRefused, RegistryUnwritable.
        """
        versions = self.versions(name)
        check_files(files)
        size = sum(len(it) if isinstance(it, bytes) else it.stat().st_size for it in files.values())
        with self.writing(f"registering {name}", size):
            stored = {member: self.objects.put(source) for member, source in sorted(files.items())}
            change = self._announce("register", {"name": name}, reason)
            body = {
                **change.model_dump(),
                "name": name,
                "files": {m: PackageFile(sha256=sha256, bytes=size) for m, (sha256, size) in stored.items()},
                "model": dict(model or {}),
                "config": dict(config or {}),
                "metrics": dict(metrics or {}),
                "lineage": dict(lineage or {}),
            }

            def manifest(version: Version) -> bytes:
                unsigned = Manifest(**body, version=str(version))
                signed = unsigned.model_copy(update={"signature": sign(unsigned)}) if sign else unsigned
                return encode_record(signed.model_dump())

            version = versions.register_next(self._today(), manifest)
            for member, (sha256, _) in stored.items():  # gc may have run before the manifest existed
                if not self.objects.restore(sha256):
                    self.objects.put(files[member])
            self.log.done(change.op, versions.manifest_path(version))
        return version

    def alias(self, name: str, alias: str) -> Version | None:
        """Return the version that an alias points to; None if it is not set."""
        head = self.alias_history(name, alias).head()
        return None if head is None else _target_version(head)

    def aliases(self, name: str) -> dict[str, Version]:
        """Return all aliases that are set, including `previous`."""
        folder = self.root / "models" / model_name(name) / "aliases"
        names = [alias for alias in self.fs.list_folder(folder) if self.is_settable(alias)]
        targets = {alias: self.alias(name, alias) for alias in names}
        targets[PREVIOUS] = self.previous(name)
        return {alias: version for alias, version in targets.items() if version is not None}

    def previous(self, name: str) -> Version | None:
        """Return the champion before the current one; None if there is none."""
        history = self.alias_history(name, CHAMPION).newest_first()
        head = next(history, None)
        if head is None:
            return None
        now, earlier = _target_version(head), (_target_version(record) for record in history)
        return next((version for version in earlier if version is not None and version != now), None)

    @staticmethod
    def is_settable(alias: str) -> bool:
        """Whether an alias can be set: it is well formed and not computed."""
        try:
            return bool(alias_name(alias))
        except BadName:
            return False

    def alias_history(self, name: str, alias: str) -> RecordChain:
        """Return all records of an alias."""
        return self._chain(self.root / "models" / model_name(name) / "aliases" / alias_name(alias))

    def set_alias(
        self, name: str, alias: str, version: Version | None, reason: str, expect: str = ANY
    ) -> AliasRecord:
        """Point an alias to a version; None removes it.

        expect: the version that it points to so far, `none`, or `*` for any.
        Raises NotRegistered, ConcurrentUpdate, RegistryUnwritable.
        """
        chain = self.alias_history(name, alias)
        if version is not None:
            self.usable_manifest(name, version)
        target = None if version is None else str(version)
        with self.writing(f"setting {name} {alias}"):
            change = self._announce("alias", {"name": name, "alias": alias, "version": target}, reason)

            def body(head: ChainRecord | None) -> RecordBody:
                now = str(None if head is None else head.body["version"]).lower()
                if expect not in (ANY, now):
                    raise ConcurrentUpdate(f"{name} {alias}", expect, now)
                return {**change.model_dump(), "alias": alias, "version": target}

            record = chain.append(body)
            self.log.done(change.op, chain.path(record.seq))
            if version is not None and self.versions(name).freed(version) is not None:
                self._revert(chain, record, "version")  # gc ran meanwhile and did not see this record
        if version is not None:
            self.usable_manifest(name, version)
        alias_record: AliasRecord = AliasRecord.from_body(record.body, str(chain.path(record.seq)))
        return alias_record

    def route_history(self) -> RecordChain:
        """Return all routing tables."""
        return self._chain(self.root / "routes")

    def routes(self) -> RouteTable | None:
        """Return the current routing table; None before the first."""
        head = self.route_history().head()
        if head is None:
            return None
        table: RouteTable = RouteTable.from_body(head.body, str(self.route_history().path(head.seq)))
        return table

    def switch_routes(self, routes: Sequence[Route], reason: str, expect: int | None = None) -> RouteTable:
        """Replace the whole routing table.

        expect: number of the table that holds so far, 0 for none; None for any.
        Raises BadName, NotRegistered, ConcurrentUpdate, RegistryUnwritable.
        """
        self._check_routes(routes)
        chain = self.route_history()
        rows = [route.model_dump() for route in routes]
        with self.writing("switching routes"):
            change = self._announce("route", {"routes": rows}, reason)

            def body(head: ChainRecord | None) -> RecordBody:
                now = 0 if head is None else head.seq
                if expect not in (None, now):
                    raise ConcurrentUpdate("routes", f"table {expect}", f"table {now}")
                return {**change.model_dump(), "routes": rows}

            record = chain.append(body)
            self.log.done(change.op, chain.path(record.seq))
            if any(self.versions(r.name).freed(Version.parse(r.version)) for r in routes):
                self._revert(chain, record, "routes")
        self._check_routes(routes)
        table: RouteTable = RouteTable.from_body(record.body, str(chain.path(record.seq)))
        return table

    def add_evaluation(
        self,
        name: str,
        version: Version,
        split: str,
        data: Mapping[str, Any],
        metrics: Mapping[str, MetricValue],
        reason: str,
    ) -> None:
        """Record metrics measured after the registration. Raises NotRegistered, RegistryUnwritable."""
        self.versions(name).manifest(version)
        chain = self._chain(self.versions(name).folder_of(version) / "evaluations")
        with self.writing(f"adding metrics to {name} {version}"):
            changes = {"name": name, "version": str(version), "split": split}
            change = self._announce("evaluate", changes, reason)
            values = {metric: value.model_dump() for metric, value in metrics.items()}
            body = {**change.model_dump(), "split": split, "data": dict(data), "metrics": values}
            self.log.done(change.op, chain.path(chain.append(lambda _: body).seq))

    def evaluations(self, name: str, version: Version) -> list[EvaluationRecord]:
        """Return the metrics measured after the registration, the oldest first."""
        chain = self._chain(self.versions(name).folder_of(version) / "evaluations")
        records = list(chain.newest_first())[::-1]
        return [EvaluationRecord.from_body(record.body, str(chain.path(record.seq))) for record in records]

    def note(self, reason: str, **changes: Any) -> None:
        """Write a line into the log that changes nothing."""
        with self.writing("writing the log"):
            self._announce("note", changes, reason)

    def announce(self, action: str, changes: Mapping[str, Any], reason: str) -> ChangeRecord:
        """Log a change that another module of this package is about to make."""
        with self.writing(action):
            return self._announce(action, changes, reason)

    def now(self) -> str:
        """Return the time, UTC, ISO 8601 with milliseconds."""
        return datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="milliseconds")

    @contextmanager
    def writing(self, doing: str, needed: int = 0) -> Iterator[None]:
        """Turn an OSError in the block, which writes `needed` bytes or more, into RegistryUnwritable."""
        try:
            yield
        except OSError as error:
            raise RegistryUnwritable(doing, error, self.root, needed) from error

    def _announce(self, action: str, changes: Mapping[str, Any], reason: str) -> ChangeRecord:
        change = ChangeRecord(op=os.urandom(8).hex(), author=self.author, time=self.now(), reason=reason)
        self.log.append({**change.model_dump(), "action": action, "changes": dict(changes)})
        return change

    def _revert(self, chain: RecordChain, own: ChainRecord, field: str) -> None:
        """Append a record with the field's value from before `own`, unless another record followed it."""
        before = chain.read(own.seq - 1).body[field] if own.seq > 1 else None
        changes = {"record": str(chain.path(own.seq).relative_to(self.root))}
        change = self._announce("take back", changes, "gc had cleared the version away meanwhile")

        def body(head: ChainRecord | None) -> RecordBody:
            now = own if head is None else head
            value = before if now.seq == own.seq else now.body[field]
            if value is None and field != "version":
                value = []
            return {**now.body, **change.model_dump(), field: value}

        self.log.done(change.op, chain.path(chain.append(body).seq))

    def _check_routes(self, routes: Sequence[Route]) -> None:
        totals: dict[tuple[str, str], float] = {}
        for route in routes:
            self.usable_manifest(model_name(route.name), Version.parse(route.version))
            key = edition_name(route.edition), route.name
            totals[key] = totals.get(key, 0.0) + route.share
        for (edition, name), total in totals.items():
            if abs(total - 1) > 1e-6:
                raise BadName("routes", f"{edition} {name}", f"shares that add up to 1, not {total:g}")

    def _chain(self, folder: Path) -> RecordChain:
        if folder not in self._chains:
            self._chains[folder] = RecordChain(folder, self.root, self.writer)
        return self._chains[folder]

    def _today(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).strftime("%Y%m%d")


def _target_version(record: ChainRecord) -> Version | None:
    text = record.body["version"]
    return None if text is None else Version.parse(text)


def _is_model(name: str) -> bool:
    try:
        return bool(model_name(name))
    except BadName:
        return False
