"""Change history: the lines of the change log, joined with the records that show what was carried out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raasid.registry.change_log import LOG_FILE, LogLine
from raasid.registry.errors import RegistryDamaged
from raasid.registry.names import Version
from raasid.registry.record_chain import RecordChain
from raasid.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """A logged change and its outcome."""

    time: str
    """UTC, ISO 8601 with milliseconds."""
    author: str
    action: str
    """`register`, `alias`, `route`, `evaluate`, `gc`, `import`, `take back`, `note`, …"""
    changes: dict[str, Any]
    reason: str
    carried_out: bool
    """Whether its record exists; true for actions that leave no record, such as a note."""
    version: str | None = None
    """Of a registration: the version that was registered."""
    before: dict[str, Any] | None = None
    """Body of the alias or routes record that held before."""

    def concerns(self, name: str) -> bool:
        """Whether it is about this model."""
        routes = [*self.changes.get("routes", []), *(self.before or {}).get("routes", [])]
        freed = [ref.partition(" ")[0] for ref in self.changes.get("versions", [])]
        named = [self.changes.get("name"), *freed, *(route["name"] for route in routes)]
        return name in named or str(self.changes.get("record", "")).startswith(f"models/{name}/")


class ChangeHistory:
    """All changes of a registry that can be read; unreadable files are collected in `damage`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.damage: list[RegistryDamaged] = []
        self._done: dict[str, Path] = {}
        """Operation -> its record, from the log's `done` lines; after a crash one may be missing."""
        self._searched: dict[Path, _RecordsByOp] = {}

    def newest_first(self) -> Iterator[ChangeEntry]:
        """Yield all changes; the records of each are read only when it is its turn."""
        for line in sorted(self._announcements(), key=_time_and_position, reverse=True):
            try:
                yield self._entry(line.body)
            except RegistryDamaged as error:
                self.damage.append(error)

    def _announcements(self) -> Iterator[LogLine]:
        log = self._registry.log
        for name in self._registry.fs.list_folder(log.folder):
            if LOG_FILE.fullmatch(name):
                try:
                    for line in log.lines_of(name):
                        if "done" in line.body:
                            self._done[str(line.body["done"])] = self._registry.root / line.body["record"]
                        else:
                            yield line
                except RegistryDamaged as error:
                    self.damage.append(error)

    def _entry(self, body: dict[str, Any]) -> ChangeEntry:
        op, action, changes = str(body["op"]), str(body["action"]), dict(body["changes"])
        version = before = None
        if action == "import":
            carried_out = self._is_imported(changes)
        elif action == "gc":
            carried_out = self._is_freed(op, changes["versions"])
        elif action == "register":
            folder = self._registry.versions(changes["name"]).folder
            record = self._done.get(op) or self._search(folder, op, self._manifests(changes["name"]))
            carried_out, version = record is not None, None if record is None else record.parent.name
        elif (chain_folder := self._chain_folder(action, changes)) is not None:
            record = self._done.get(op) or self._search(chain_folder, op, self._chain_records(chain_folder))
            carried_out = record is not None
            if record is not None and int(record.stem) > 1:
                before = self._chain(chain_folder).read(int(record.stem) - 1).body
        else:
            carried_out = True
        return ChangeEntry(
            time=str(body["time"]),
            author=str(body["author"]),
            action=action,
            changes=changes,
            reason=str(body["reason"]),
            carried_out=carried_out,
            version=version,
            before=before,
        )

    def _chain_folder(self, action: str, changes: dict[str, Any]) -> Path | None:
        """Return the folder of numbered records that holds the change; None if the action leaves none."""
        registry = self._registry
        folder: Path | None = None
        match action:
            case "alias":
                folder = registry.alias_history(changes["name"], changes["alias"]).folder
            case "route":
                folder = registry.route_history().folder
            case "evaluate":
                version = Version.parse(changes["version"])
                folder = registry.versions(changes["name"]).folder_of(version) / "evaluations"
            case "take back":
                folder = (registry.root / changes["record"]).parent
            case "queue":
                folder = registry.root / "outbox" / "entries"
            case "send":
                folder = registry.root / "outbox" / "sent"
        return folder

    def _chain(self, folder: Path) -> RecordChain:
        return RecordChain(folder, self._registry.root, self._registry.writer)

    def _chain_records(self, folder: Path) -> Iterator[tuple[str, Path]]:
        chain = self._chain(folder)
        try:
            for record in chain.newest_first():
                yield record.body["op"], chain.path(record.seq)
        except RegistryDamaged as error:
            self.damage.append(error)

    def _manifests(self, name: str) -> Iterator[tuple[str, Path]]:
        versions = self._registry.versions(name)
        for version in versions.newest_first():
            try:
                yield versions.manifest(version).op, versions.manifest_path(version)
            except RegistryDamaged as error:
                self.damage.append(error)

    def _search(self, folder: Path, op: str, records: Iterator[tuple[str, Path]]) -> Path | None:
        return self._searched.setdefault(folder, _RecordsByOp(records)).find(op)

    def _is_imported(self, changes: dict[str, Any]) -> bool:
        versions, version = self._registry.versions(changes["name"]), Version.parse(changes["version"])
        return versions.has(version) and versions.manifest_and_digest(version)[1] == changes["manifest"]

    def _is_freed(self, op: str, refs: list[str]) -> bool:
        """Whether at least one of the versions is freed; freed objects of no version leave no record."""
        for ref in refs:
            name, _, text = ref.partition(" ")
            freed = self._registry.versions(name).freed(Version.parse(text))
            if freed is not None and freed.op.partition("/")[0] == op:
                return True
        return not refs


class _RecordsByOp:
    """Lazy index of records by operation: reads each record once, and only as far as a search needs."""

    def __init__(self, records: Iterator[tuple[str, Path]]) -> None:
        self._records, self._known = records, dict[str, Path]()

    def find(self, op: str) -> Path | None:
        """Return the record of an operation; None if there is none."""
        while op not in self._known:
            found = next(self._records, None)
            if found is None:
                return None
            self._known[found[0]] = found[1]
        return self._known[op]


def _time_and_position(line: LogLine) -> tuple[str, str, int]:
    return str(line.body["time"]), line.file, line.number
