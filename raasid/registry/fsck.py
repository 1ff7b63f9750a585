"""Everything that is wrong with a registry, by name: nothing is repaired, nothing is written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from raasid.registry.change_log import FILE
from raasid.registry.errors import BadName, RegistryDamaged
from raasid.registry.filesystem import LEFTOVER
from raasid.registry.names import Version
from raasid.registry.outbox import Entry, Sent
from raasid.registry.record_chain import Chain, Link, digest
from raasid.registry.records import AliasSet, Evaluation, Record, RouteTable
from raasid.registry.registry import Registry
from raasid.registry.versions import Versions

_MODEL = r"models/[a-z][a-z0-9_]*"
_VERSION = rf"{_MODEL}/versions/v\d{{8}}\.[1-9]\d*"
_SEQ = r"\d{8,}\.json"
_OWN = re.compile(
    rf"objects/sha256/[0-9a-f]{{2}}/[0-9a-f]{{64}}|objects/freed/[0-9a-f]{{64}}|routes/{_SEQ}"
    rf"|log/{FILE.pattern}|{_MODEL}/(days|gaps)/\d{{8}}|{_MODEL}/aliases/[a-z][a-z0-9_-]*/{_SEQ}"
    rf"|{_VERSION}/(manifest\.json|freed\.json|evaluations/{_SEQ})|outbox/(entries|sent)/{_SEQ}"
)
"""Every file that belongs to a registry, relative to its root."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong."""

    path: str
    """Relative to the registry."""
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def fsck(registry: Registry, *, content: bool = True) -> list[Finding]:
    """Look at every file; return what is wrong, sorted. A sound registry gives none.

    content: read the weights, too, and compare their digests; without, only that they are there.
    What a killed process has left behind is no damage: nothing reads it, and gc clears it away.
    """
    return sorted(set(_Check(Registry(registry.root, disk=registry.disk), content).findings()))


class _Check:
    """One pass; `registry` is fresh, so that nothing is taken from memory."""

    def __init__(self, registry: Registry, content: bool) -> None:
        self.registry, self.content = registry, content
        self.ops: dict[str, Path] = {}
        """What was carried out -> the record that says so."""
        self.wanted: dict[str, Path] = {}
        """Object -> a manifest that needs it."""
        self.manifests: dict[tuple[str, str], str] = {}
        """Version -> digest of its manifest."""
        self.damaged: set[str] = set()
        """Records that were named already."""

    def findings(self) -> Iterator[Finding]:
        registry = self.registry
        yield from self._strangers(registry.root)
        for name in registry.names():
            yield from self._model(name)
        routes = registry.route_history()
        for link, body in self._links(routes, RouteTable):
            if isinstance(body, Finding):
                yield body
            elif isinstance(body, RouteTable):
                yield from self._known(routes.path(link), [(r.name, r.version) for r in body.routes])
        for part, kind in (("entries", Entry), ("sent", Sent)):
            chain = Chain(registry.root / "outbox" / part, registry.root, registry.durable)
            yield from (record for _, record in self._links(chain, kind) if isinstance(record, Finding))
        yield from self._log()
        yield from self._objects()

    def _model(self, name: str) -> Iterator[Finding]:
        versions = self.registry.versions(name)
        builds: dict[str, list[int]] = {}
        for version in versions.names():
            path = versions.home(version) / "manifest.json"
            if self.registry.disk.entry(path) is None:
                inside = [n for n in self.registry.disk.names(path.parent) if not n.startswith(LEFTOVER)]
                if inside:
                    yield self._finding(path, "is missing")
                continue
            builds.setdefault(version.day, []).append(version.build)
            yield from self._version(name, version, path)
        yield from self._days(versions, builds)
        folder = self.registry.root / "models" / name / "aliases"
        for alias in self.registry.disk.names(folder):
            try:
                chain = self.registry.alias_history(name, alias)
            except BadName:
                continue  # named among the strangers
            for seq, record in self._links(chain, AliasSet):
                if isinstance(record, Finding):
                    yield record
                elif isinstance(record, AliasSet):
                    if record.alias != alias:
                        yield self._finding(chain.path(seq), f"is of the alias {record.alias}")
                    if record.version is not None:
                        yield from self._known(chain.path(seq), [(name, record.version)])

    def _days(self, versions: Versions, builds: dict[str, list[int]]) -> Iterator[Finding]:
        for day in builds.keys() - set(versions.days.all()):
            yield self._finding(versions.days.folder / day, "is missing")
        for day, numbers in builds.items():
            gaps = set(range(1, max(numbers))).difference(numbers)
            if gaps and not versions.days.has_gaps(day):
                first = versions.home(Version(day, min(gaps)))
                yield self._finding(first, "is missing, and without it later versions are not found")

    def _version(self, name: str, version: Version, path: Path) -> Iterator[Finding]:
        versions = self.registry.versions(name)
        try:
            manifest, sha256 = versions.sealed_manifest(version)
        except RegistryDamaged as error:
            yield self._finding(path, error.reason)
            return
        self.ops[manifest.op] = path
        self.manifests[name, str(version)] = sha256
        try:
            freed = versions.freed(version)
        except RegistryDamaged as error:
            yield self._finding(path.with_name("freed.json"), error.reason)
            return
        if freed is None:
            self.wanted |= {member.sha256: path for member in manifest.files.values()}
        else:
            self.ops[freed.op.partition("/")[0]] = path.with_name("freed.json")
        evaluations = Chain(path.parent / "evaluations", self.registry.root, self.registry.durable)
        for _, record in self._links(evaluations, Evaluation):
            if isinstance(record, Finding):
                yield record

    def _links(self, chain: Chain, kind: type[Record]) -> Iterator[tuple[int, Record | Finding]]:
        """Every record of a history, read without trusting that there are no gaps."""
        before: Link | None = None
        numbers = [int(n[:-5]) for n in self.registry.disk.names(chain.folder) if re.fullmatch(_SEQ, n)]
        for seq in range(1, max(numbers, default=0) + 1):
            path = chain.path(seq)
            try:
                link = chain.read(seq)
                record: Record = kind.of(link.body, str(path))
            except RegistryDamaged as error:
                yield seq, self._finding(path, error.reason)
                before = None
                continue
            told = link.body["before"]
            if (seq == 1 and told is not None) or (before is not None and told != before.sha256):
                yield seq, self._finding(path, "does not follow from the record before")
            before = link
            self.ops[link.body["op"]] = path
            yield seq, record

    def _known(self, path: Path, refs: list[tuple[str, str]]) -> Iterator[Finding]:
        for name, version in refs:
            found = Version.maybe(version)
            if found is None or not self.registry.versions(name).has(found):
                yield self._finding(path, f"names {name} {version}, which is not there")

    def _log(self) -> Iterator[Finding]:
        """Every change that was carried out was announced, in a line that is still there."""
        log, announced, imported = self.registry.log, set[str](), set[str]()
        done: list[str] = []
        for name in self.registry.disk.names(log.folder):
            if not FILE.fullmatch(name):
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
                where, _, line_ = error.path.partition(", ")
                yield self._finding(Path(where), f"{line_}: {error.reason}".removeprefix(": "))
        known = {path for sha, path in self._imported() if sha in imported}
        for op, path in self.ops.items():
            if op not in announced and op not in imported and path not in known:
                yield self._finding(path, "the log does not tell of it: a line of the log was lost")

        for record in done:
            gone = self.registry.disk.entry(self.registry.root / record) is None
            if gone and record not in self.damaged:
                yield Finding(record, "is missing: the log tells that it was written")

    def _imported(self) -> Iterator[tuple[str, Path]]:
        for (name, version), sha256 in self.manifests.items():
            yield sha256, self.registry.versions(name).home(Version.parse(version)) / "manifest.json"

    def _objects(self) -> Iterator[Finding]:
        objects = self.registry.objects
        for name, manifest in sorted(self.wanted.items()):
            if not objects.is_kept(name):
                needed = f"is missing; {manifest.relative_to(self.registry.root)} needs it"
                yield self._finding(objects.path(name), needed)
        for path in objects.all():
            if re.fullmatch(r"[0-9a-f]{64}", path.name):
                if path.parent.name != path.name[:2]:
                    yield self._finding(path, "lies in the wrong folder")
                if self.content and hashlib.sha256(self.registry.disk.read(path)).hexdigest() != path.name:
                    yield self._finding(path, "was changed after it was written")
        for name in self.registry.disk.names(objects.freed) if self.content else ():
            data = self.registry.disk.read(objects.freed / name)
            if not name.startswith(LEFTOVER) and digest(data) != name:
                yield self._finding(objects.freed / name, "was changed after it was written")

    def _strangers(self, folder: Path) -> Iterator[Finding]:
        """Files that the registry did not make, and days that hold something."""
        for name in self.registry.disk.names(folder):
            path = folder / name
            entry = self.registry.disk.entry(path)
            if name.startswith(LEFTOVER) or entry is None:
                continue
            if entry.is_folder:
                yield from self._strangers(path)
            elif not _OWN.fullmatch(path.relative_to(self.registry.root).as_posix()):
                yield self._finding(path, "does not belong here")
            elif path.parent.name == "days" and entry.size:
                yield self._finding(path, "was changed after it was written")

    def _finding(self, path: Path, what: str) -> Finding:
        found = Finding(path.relative_to(self.registry.root).as_posix(), what)
        self.damaged.add(found.path)
        return found
