"""Consistency check: names every damaged, missing or foreign file of a registry, and changes nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from raasid.registry.change_log import LOG_FILE
from raasid.registry.errors import BadName, RegistryDamaged
from raasid.registry.filesystem import DRAFT_PREFIX
from raasid.registry.names import Version
from raasid.registry.outbox import OutboxEntry, SentRecord
from raasid.registry.record_chain import ChainRecord, RecordChain, sha256_hex
from raasid.registry.records import AliasRecord, EvaluationRecord, GateLookRecord, Record, RouteTable
from raasid.registry.registry import Registry
from raasid.registry.versions import ModelVersions

_MODEL = r"models/[a-z][a-z0-9_]*"
_VERSION = rf"{_MODEL}/versions/v\d{{8}}\.[1-9]\d*"
_SEQ = r"\d{8,}\.json"
_REGISTRY_FILE = re.compile(
    rf"objects/sha256/[0-9a-f]{{2}}/[0-9a-f]{{64}}|objects/freed/[0-9a-f]{{64}}|routes/{_SEQ}"
    rf"|log/{LOG_FILE.pattern}|{_MODEL}/(days|gaps)/\d{{8}}|{_MODEL}/aliases/[a-z][a-z0-9_-]*/{_SEQ}"
    rf"|{_VERSION}/(manifest\.json|freed\.json|evaluations/{_SEQ})|outbox/(entries|sent)/{_SEQ}"
    rf"|gate_looks/[0-9a-f]{{64}}/{_SEQ}"
)
"""Paths, relative to the root, of all files that a registry consists of."""
_CHANGED = "was changed after it was written"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One problem of the registry."""

    path: str
    """Relative to the registry."""
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def fsck(registry: Registry, *, content: bool = True) -> list[Finding]:
    """Check every file and return the problems, sorted; an empty list for a sound registry.

    content: also read the package files and compare their digests; otherwise only their existence is checked.
    Drafts of killed processes are not reported: nothing reads them, and gc deletes them.
    """
    return sorted(set(_Check(Registry(registry.root, fs=registry.fs), content).findings()))


class _Check:
    """One pass over a registry that was opened for it, so that nothing comes from a cache."""

    def __init__(self, registry: Registry, content: bool) -> None:
        self.registry, self.content = registry, content
        self.records: dict[str, Path] = {}
        """Operation -> the record that shows that it was carried out."""
        self.needed: dict[str, Path] = {}
        """SHA-256 of an object -> a manifest that needs it."""
        self.manifests: dict[tuple[str, str], str] = {}
        """Model and version -> SHA-256 of the manifest."""
        self.reported: set[str] = set()
        """Paths with a finding."""

    def findings(self) -> Iterator[Finding]:
        registry = self.registry
        yield from self._check_tree(registry.root)
        for name in registry.names():
            yield from self._check_model(name)
        routes = registry.route_history()
        for seq, record in self._check_chain(routes, RouteTable):
            if isinstance(record, Finding):
                yield record
            elif isinstance(record, RouteTable):
                yield from self._check_refs(routes.path(seq), [(r.name, r.version) for r in record.routes])
        looks = registry.root / "gate_looks"
        others: list[tuple[Path, type[Record]]] = [
            (registry.root / "outbox" / "entries", OutboxEntry),
            (registry.root / "outbox" / "sent", SentRecord),
            *((looks / name, GateLookRecord) for name in registry.fs.list_folder(looks)),
        ]
        for folder, record_type in others:
            chain = RecordChain(folder, registry.root, registry.writer)
            for _, record in self._check_chain(chain, record_type):
                if isinstance(record, Finding):
                    yield record
        yield from self._check_log()
        yield from self._check_objects()

    def _check_tree(self, folder: Path) -> Iterator[Finding]:
        """Report files that do not belong to a registry, and day files that are not empty."""
        for name in self.registry.fs.list_folder(folder):
            path = folder / name
            info = self.registry.fs.stat(path)
            if name.startswith(DRAFT_PREFIX) or info is None:
                continue
            if info.is_folder:
                yield from self._check_tree(path)
            elif not _REGISTRY_FILE.fullmatch(path.relative_to(self.registry.root).as_posix()):
                yield self._finding(path, "does not belong here")
            elif path.parent.name == "days" and info.size:
                yield self._finding(path, _CHANGED)

    def _check_model(self, name: str) -> Iterator[Finding]:
        versions = self.registry.versions(name)
        builds: dict[str, list[int]] = {}
        for version in versions.names():
            path = versions.manifest_path(version)
            if self.registry.fs.stat(path) is None:
                names = self.registry.fs.list_folder(path.parent)
                if any(not n.startswith(DRAFT_PREFIX) for n in names):
                    yield self._finding(path, "is missing")
                continue
            builds.setdefault(version.day, []).append(version.build)
            yield from self._check_version(name, version, path)
        yield from self._check_days(versions, builds)
        folder = self.registry.root / "models" / name / "aliases"
        for alias in self.registry.fs.list_folder(folder):
            try:
                chain = self.registry.alias_history(name, alias)
            except BadName:
                continue  # reported as a foreign file
            for seq, record in self._check_chain(chain, AliasRecord):
                if isinstance(record, Finding):
                    yield record
                elif isinstance(record, AliasRecord):
                    if record.alias != alias:
                        yield self._finding(chain.path(seq), f"is of the alias {record.alias}")
                    if record.version is not None:
                        yield from self._check_refs(chain.path(seq), [(name, record.version)])

    def _check_days(self, versions: ModelVersions, builds: dict[str, list[int]]) -> Iterator[Finding]:
        for day in builds.keys() - set(versions.days.all()):
            yield self._finding(versions.days.folder / day, "is missing")
        for day, numbers in builds.items():
            gaps = set(range(1, max(numbers))).difference(numbers)
            if gaps and not versions.days.has_gaps(day):
                first = versions.folder_of(Version(day, min(gaps)))
                yield self._finding(first, "is missing, and without it later versions are not found")

    def _check_version(self, name: str, version: Version, path: Path) -> Iterator[Finding]:
        versions = self.registry.versions(name)
        try:
            manifest, sha256 = versions.manifest_and_digest(version)
        except RegistryDamaged as error:
            yield self._finding(path, error.reason)
            return
        self.records[manifest.op] = path
        self.manifests[name, str(version)] = sha256
        try:
            freed = versions.freed(version)
        except RegistryDamaged as error:
            yield self._finding(path.with_name("freed.json"), error.reason)
            return
        if freed is None:
            self.needed |= {member.sha256: path for member in manifest.files.values()}
        else:
            self.records[freed.op.partition("/")[0]] = path.with_name("freed.json")
        evaluations = RecordChain(path.parent / "evaluations", self.registry.root, self.registry.writer)
        for _, record in self._check_chain(evaluations, EvaluationRecord):
            if isinstance(record, Finding):
                yield record

    def _check_chain(
        self, chain: RecordChain, record_type: type[Record]
    ) -> Iterator[tuple[int, Record | Finding]]:
        """Yield every record or what is wrong with it, without assuming that numbers are consecutive."""
        before: ChainRecord | None = None
        numbers = [int(n[:-5]) for n in self.registry.fs.list_folder(chain.folder) if re.fullmatch(_SEQ, n)]
        for seq in range(1, max(numbers, default=0) + 1):
            path = chain.path(seq)
            try:
                current = chain.read(seq)
                record: Record = record_type.from_body(current.body, str(path))
            except RegistryDamaged as error:
                yield seq, self._finding(path, error.reason)
                before = None
                continue
            expected = current.body["before"]
            if (seq == 1 and expected is not None) or (before is not None and expected != before.sha256):
                yield seq, self._finding(path, "does not follow from the record before")
            before = current
            self.records[current.body["op"]] = path
            yield seq, record

    def _check_refs(self, path: Path, refs: list[tuple[str, str]]) -> Iterator[Finding]:
        for name, text in refs:
            version = Version.try_parse(text)
            if version is None or not self.registry.versions(name).has(version):
                yield self._finding(path, f"names {name} {text}, which is not there")

    def _check_log(self) -> Iterator[Finding]:
        """Report records without an announcement in the log, and `done` lines without their record."""
        log, announced, imported = self.registry.log, set[str](), set[str]()
        done: list[str] = []
        for name in self.registry.fs.list_folder(log.folder):
            if not LOG_FILE.fullmatch(name):
                continue
            try:
                for line in log.lines_of(name):
                    if "done" in line.body:
                        done.append(line.body["record"])
                        continue
                    announced.add(str(line.body.get("op")))
                    changes = line.body.get("changes", {})
                    if line.body.get("action") == "import":
                        imported |= {changes.get("manifest", ""), *changes.get("ops", [])}
            except RegistryDamaged as error:
                file, _, position = error.path.partition(", ")
                yield self._finding(Path(file), f"{position}: {error.reason}".removeprefix(": "))
        imported_manifests = {
            self.registry.versions(name).manifest_path(Version.parse(version))
            for (name, version), sha256 in self.manifests.items()
            if sha256 in imported
        }
        for op, path in self.records.items():
            if op not in announced and op not in imported and path not in imported_manifests:
                yield self._finding(path, "the log does not tell of it: a line of the log was lost")
        for record in done:
            if record not in self.reported and self.registry.fs.stat(self.registry.root / record) is None:
                yield Finding(record, "is missing: the log tells that it was written")

    def _check_objects(self) -> Iterator[Finding]:
        objects = self.registry.objects
        for sha256, manifest in sorted(self.needed.items()):
            if not objects.is_readable(sha256):
                reason = f"is missing; {manifest.relative_to(self.registry.root)} needs it"
                yield self._finding(objects.path(sha256), reason)
        for path in objects.paths():
            if re.fullmatch(r"[0-9a-f]{64}", path.name):
                if path.parent.name != path.name[:2]:
                    yield self._finding(path, "lies in the wrong folder")
                if self.content and hashlib.sha256(self.registry.fs.read(path)).hexdigest() != path.name:
                    yield self._finding(path, _CHANGED)
        for name in self.registry.fs.list_folder(objects.freed) if self.content else ():
            data = self.registry.fs.read(objects.freed / name)
            if not name.startswith(DRAFT_PREFIX) and sha256_hex(data) != name:
                yield self._finding(objects.freed / name, _CHANGED)

    def _finding(self, path: Path, what: str) -> Finding:
        found = Finding(path.relative_to(self.registry.root).as_posix(), what)
        self.reported.add(found.path)
        return found
