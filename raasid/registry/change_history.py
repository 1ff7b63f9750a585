"""Change history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raasid.registry.change_log import FILE, Line
from raasid.registry.errors import RegistryDamaged
from raasid.registry.names import Version
from raasid.registry.record_chain import Chain
from raasid.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Entry:
    """A change, and what became of it."""

    time: str
    """UTC, ISO 8601 with milliseconds."""
    author: str
    action: str
    """`register`, `alias`, `route`, `evaluate`, `gc`, `import`, `take back`, `note`, …"""
    changes: dict[str, Any]
    reason: str
    carried_out: bool
    """A record of it is there. What leaves no record, such as a note, counts as carried out."""
    version: str | None = None
    """Which number a registration got."""
    before: dict[str, Any] | None = None
    """The record that held before: of the alias, or of the routes."""

    def concerns(self, name: str) -> bool:
        """Whether it is about this model."""
        routes = [*self.changes.get("routes", []), *(self.before or {}).get("routes", [])]
        freed = [ref.partition(" ")[0] for ref in self.changes.get("versions", [])]
        named = [self.changes.get("name"), *freed, *(route["name"] for route in routes)]
        return name in named or str(self.changes.get("record", "")).startswith(f"models/{name}/")


class Journal:
    """The history of a registry, as far as it can be read."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.damage: list[RegistryDamaged] = []
        """Files that could not be read; the rest is told all the same."""
        self._done: dict[str, Path] = {}
        """Operation -> its record, as the log itself tells; after a crash a record may be there untold."""
        self._searched: dict[Path, _Found] = {}

    def newest_first(self) -> Iterator[Entry]:
        """All changes; each is looked up in the records only when it is its turn."""
        for line in sorted(self._lines(), key=_when, reverse=True):
            try:
                yield self._entry(line.body)
            except RegistryDamaged as error:
                self.damage.append(error)

    def _lines(self) -> Iterator[Line]:
        log = self._registry.log
        for name in self._registry.disk.names(log.folder):
            if FILE.fullmatch(name):
                try:
                    for line in log.lines_of(name):
                        if "done" in line.body:
                            self._done[str(line.body["done"])] = self._registry.root / line.body["record"]
                        else:
                            yield line
                except RegistryDamaged as error:
                    self.damage.append(error)

    def _entry(self, body: dict[str, Any]) -> Entry:
        op, action, changes = str(body["op"]), str(body["action"]), dict(body["changes"])
        version = before = None
        if action == "import":
            carried_out = self._is_imported(changes)
        elif action == "gc":
            carried_out = self._is_freed(op, changes["versions"])
        elif action == "register":
            home = self._registry.versions(changes["name"]).folder
            record = self._done.get(op) or self._search(home, op, self._manifests(changes["name"]))
            carried_out, version = record is not None, None if record is None else record.parent.name
        elif (folder := self._history(action, changes)) is not None:
            record = self._done.get(op) or self._search(folder, op, self._links(folder))
            carried_out = record is not None
            if record is not None and int(record.stem) > 1:
                before = self._chain(folder).read(int(record.stem) - 1).body
        else:
            carried_out = True
        told = {key: str(body[key]) for key in ("time", "author", "reason")}
        return Entry(
            **told, action=action, changes=changes, carried_out=carried_out, version=version, before=before
        )

    def _history(self, action: str, changes: dict[str, Any]) -> Path | None:
        """The folder of numbered records in which a change must be found; None: it is in none."""
        registry = self._registry
        folder: Path | None = None
        match action:
            case "alias":
                folder = registry.alias_history(changes["name"], changes["alias"]).folder
            case "route":
                folder = registry.route_history().folder
            case "evaluate":
                version = Version.parse(changes["version"])
                folder = registry.versions(changes["name"]).home(version) / "evaluations"
            case "take back":
                folder = (registry.root / changes["record"]).parent
            case "queue":
                folder = registry.root / "outbox" / "entries"
            case "send":
                folder = registry.root / "outbox" / "sent"
        return folder

    def _chain(self, folder: Path) -> Chain:
        return Chain(folder, self._registry.root, self._registry.durable)

    def _links(self, folder: Path) -> Iterator[tuple[str, Path]]:
        chain = self._chain(folder)
        try:
            for link in chain.backwards():
                yield link.body["op"], chain.path(link.seq)
        except RegistryDamaged as error:
            self.damage.append(error)

    def _manifests(self, name: str) -> Iterator[tuple[str, Path]]:
        versions = self._registry.versions(name)
        for version in versions.newest_first():
            try:
                yield versions.manifest(version).op, versions.home(version) / "manifest.json"
            except RegistryDamaged as error:
                self.damage.append(error)

    def _search(self, folder: Path, op: str, records: Iterator[tuple[str, Path]]) -> Path | None:
        return self._searched.setdefault(folder, _Found(records)).get(op)

    def _is_imported(self, changes: dict[str, Any]) -> bool:
        versions, version = self._registry.versions(changes["name"]), Version.parse(changes["version"])
        return versions.has(version) and versions.sealed_manifest(version)[1] == changes["manifest"]

    def _is_freed(self, op: str, refs: list[str]) -> bool:
        """Whether one of the versions at least is freed; files that belonged to none leave no record."""
        for ref in refs:
            name, _, text = ref.partition(" ")
            freed = self._registry.versions(name).freed(Version.parse(text))
            if freed is not None and freed.op.partition("/")[0] == op:
                return True
        return not refs


class _Found:
    """Operations and their records, drawn from the disk only as far as somebody asks, and once."""

    def __init__(self, records: Iterator[tuple[str, Path]]) -> None:
        self._records, self._known = records, dict[str, Path]()

    def get(self, op: str) -> Path | None:
        """None: there is no such record."""
        while op not in self._known:
            found = next(self._records, None)
            if found is None:
                return None
            self._known[found[0]] = found[1]
        return self._known[op]


def _when(line: Line) -> tuple[str, str, int]:
    return str(line.body["time"]), line.file, line.number
