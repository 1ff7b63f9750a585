"""The registry: what is a version, who made it a champion, which answers whom."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from raasid.registry.change_log import ChangeLog
from raasid.registry.errors import BadName, Collected, NotRegistered, Overtaken, RegistryUnwritable
from raasid.registry.file_checks import check_files
from raasid.registry.filesystem import Disk, Durable
from raasid.registry.names import (
    CHAMPION,
    LATEST,
    PREVIOUS,
    Version,
    alias_name,
    edition_name,
    model_name,
)
from raasid.registry.objects import Objects
from raasid.registry.record_chain import Chain, Link, sealed
from raasid.registry.records import (
    AliasSet,
    Change,
    Evaluation,
    Figure,
    Manifest,
    Member,
    Route,
    RouteTable,
    Signature,
    who,
)
from raasid.registry.versions import Versions

ANY = "*"
"""Of an alias: whatever it points to now."""
Sign = Callable[[Manifest], Signature]


class Registry:
    """A folder that any number of processes on any number of machines may share. Not for several threads.

    disk, clock: for tests. author: who makes the changes; `RAASID_AUTHOR`, or user@host.
    Reading raises RegistryDamaged, writing RegistryUnwritable: the state is then the old or the new one.
    """

    def __init__(
        self,
        root: Path,
        *,
        disk: Disk | None = None,
        author: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.root, self.author, self.clock = root.absolute(), author or who(), clock
        self.durable = Durable(disk or Disk())
        self.disk = self.durable.disk
        self.objects = Objects(self.root, self.durable)
        self.log = ChangeLog(self.root, self.durable)
        self._versions: dict[str, Versions] = {}
        self._chains: dict[Path, Chain] = {}

    def names(self) -> list[str]:
        """All models."""
        return [name for name in self.disk.names(self.root / "models") if _is_model(name)]

    def versions(self, name: str) -> Versions:
        """The versions of a model, whether there are any or not. Raises BadName."""
        if name not in self._versions:
            self._versions[model_name(name)] = Versions(self.root, name, self.durable)
        return self._versions[name]

    def resolve(self, name: str, ref: str) -> Version:
        """From a version, an alias, `latest` or `previous` to a version. Raises NotRegistered."""
        versions = self.versions(name)
        found = Version.maybe(ref)
        if found is not None:
            versions.manifest(found)
        elif ref == LATEST:
            found = versions.latest()
        else:
            found = self.previous(name) if ref == PREVIOUS else self.alias(name, alias_name(ref))
        if found is None:
            known = ", ".join(f"{alias} is {version}" for alias, version in self.aliases(name).items())
            raise NotRegistered(f"{name} {ref}", known or "no alias of that model is set")
        return found

    def register(
        self,
        name: str,
        files: Mapping[str, Path | bytes],
        *,
        model: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
        metrics: Mapping[str, Figure] | None = None,
        lineage: Mapping[str, Any] | None = None,
        reason: str = "",
        sign: Sign | None = None,
    ) -> Version:
        """Keep files as a new version; when this returns, it will be there after any crash.

        Raises BadName, PackageRefused, RegistryUnwritable.
        """
        versions = self.versions(name)
        check_files(files)
        with self.writing(f"registering {name}"):
            kept = {member: self.objects.put(source) for member, source in sorted(files.items())}
            change = self._announce("register", {"name": name}, reason)
            body = {
                **change.model_dump(),
                "name": name,
                "files": {m: Member(sha256=digest, bytes=size) for m, (digest, size) in kept.items()},
                "model": dict(model or {}),
                "config": dict(config or {}),
                "metrics": dict(metrics or {}),
                "lineage": dict(lineage or {}),
            }

            def manifest(version: Version) -> bytes:
                plain = Manifest(**body, version=str(version))
                signed = plain.model_copy(update={"signature": sign(plain)}) if sign else plain
                return sealed(signed.model_dump())

            version = versions.claim(self._today(), manifest)
            for member, (digest, _) in kept.items():  # gc may have looked before there was a manifest
                if not self.objects.restore(digest):
                    self.objects.put(files[member])
            self.log.done(change.op, versions.home(version) / "manifest.json")
        return version

    def alias(self, name: str, alias: str) -> Version | None:
        """Where an alias points now."""
        head = self.alias_history(name, alias).head()
        return None if head is None else _version_of(head)

    def aliases(self, name: str) -> dict[str, Version]:
        """All that point somewhere, `previous` with them."""
        folder = self.root / "models" / model_name(name) / "aliases"
        found = {alias: self.alias(name, alias) for alias in self.disk.names(folder) if self.settable(alias)}
        found[PREVIOUS] = self.previous(name)
        return {alias: version for alias, version in found.items() if version is not None}

    def previous(self, name: str) -> Version | None:
        """What was champion before the one that is."""
        history = self.alias_history(name, CHAMPION).backwards()
        now = next(history, None)
        earlier = (_version_of(link) for link in history)
        return next((v for v in earlier if v is not None and now is not None and v != _version_of(now)), None)

    @staticmethod
    def settable(alias: str) -> bool:
        """Whether an alias can be set: it is well formed, and does not follow from others."""
        try:
            return bool(alias_name(alias))
        except BadName:
            return False

    def alias_history(self, name: str, alias: str) -> Chain:
        """Every record of an alias."""
        return self._chain(self.root / "models" / model_name(name) / "aliases" / alias_name(alias))

    def set_alias(
        self, name: str, alias: str, version: Version | None, reason: str, expect: str = ANY
    ) -> AliasSet:
        """Let an alias point to a version, or to none.

        expect: the version that it points to so far; `none`; or `*`, whatever it is.
        Raises NotRegistered, Overtaken, RegistryUnwritable.
        """
        chain = self.alias_history(name, alias)
        if version is not None:
            self.usable(name, version)
        target = None if version is None else str(version)
        with self.writing(f"setting {name} {alias}"):
            change = self._announce("alias", {"name": name, "alias": alias, "version": target}, reason)

            def record(head: Link | None) -> dict[str, Any]:
                now = str(None if head is None else head.body["version"]).lower()
                if expect not in (ANY, now):
                    raise Overtaken(f"{name} {alias}", expect, now)
                return {**change.model_dump(), "alias": alias, "version": target}

            link = chain.append(record)
            self.log.done(change.op, chain.path(link.seq))
            if version is not None and self.versions(name).freed(version) is not None:
                self._take_back(chain, link, "version")  # gc was at work: it does not know of this record
        if version is not None:
            self.usable(name, version)
        made: AliasSet = AliasSet.of(link.body, str(chain.path(link.seq)))
        return made

    def route_history(self) -> Chain:
        """Every routing table."""
        return self._chain(self.root / "routes")

    def routes(self) -> RouteTable | None:
        """The table that holds now; None before the first."""
        head = self.route_history().head()
        if head is None:
            return None
        table: RouteTable = RouteTable.of(head.body, str(self.route_history().path(head.seq)))
        return table

    def switch_routes(self, routes: Sequence[Route], reason: str, expect: int | None = None) -> RouteTable:
        """Put a whole table in place of the one that holds.

        expect: number of that one, 0 for none. Raises BadName, NotRegistered, Overtaken, RegistryUnwritable.
        """
        self._sound(routes)
        chain = self.route_history()
        told = [route.model_dump() for route in routes]
        with self.writing("switching routes"):
            change = self._announce("route", {"routes": told}, reason)

            def record(head: Link | None) -> dict[str, Any]:
                now = 0 if head is None else head.seq
                if expect not in (None, now):
                    raise Overtaken("routes", f"table {expect}", f"table {now}")
                return {**change.model_dump(), "routes": told}

            link = chain.append(record)
            self.log.done(change.op, chain.path(link.seq))
            if any(self.versions(r.name).freed(Version.parse(r.version)) for r in routes):
                self._take_back(chain, link, "routes")
        self._sound(routes)
        table: RouteTable = RouteTable.of(link.body, str(chain.path(link.seq)))
        return table

    def add_evaluation(
        self,
        name: str,
        version: Version,
        split: str,
        data: Mapping[str, Any],
        metrics: Mapping[str, Figure],
        reason: str,
    ) -> None:
        """Add figures that were measured on a version. Raises NotRegistered, RegistryUnwritable."""
        self.versions(name).manifest(version)
        chain = self._chain(self.versions(name).home(version) / "evaluations")
        with self.writing(f"adding metrics to {name} {version}"):
            change = self._announce(
                "evaluate", {"name": name, "version": str(version), "split": split}, reason
            )
            figures = {metric: figure.model_dump() for metric, figure in metrics.items()}
            body = {**change.model_dump(), "split": split, "data": dict(data), "metrics": figures}
            self.log.done(change.op, chain.path(chain.append(lambda _: body).seq))

    def evaluations(self, name: str, version: Version) -> list[Evaluation]:
        """Those figures, the oldest first."""
        chain = self._chain(self.versions(name).home(version) / "evaluations")
        return [Evaluation.of(link.body, str(chain.path(link.seq))) for link in chain.backwards()][::-1]

    def note(self, reason: str, **changes: Any) -> None:
        """Write something into the log that changes nothing."""
        with self.writing("writing the log"):
            self._announce("note", changes, reason)

    def announce(self, action: str, changes: Mapping[str, Any], reason: str) -> Change:
        """Log what is about to be done, for those who do it in other files of this folder."""
        with self.writing(action):
            return self._announce(action, changes, reason)

    def read(self, name: str, version: Version, member: str) -> bytes:
        """A file of a version, verified. Raises NotRegistered, Collected, RegistryDamaged."""
        manifest = self.usable(name, version)
        if member not in manifest.files:
            raise NotRegistered(f"{name} {version} {member}", f"its files are {', '.join(manifest.files)}")
        return self.objects.read(manifest.files[member].sha256)

    def _take_back(self, chain: Chain, made: Link, field: str) -> None:
        """Let the record before hold again, unless somebody has already changed it."""
        before = chain.read(made.seq - 1).body[field] if made.seq > 1 else None
        what = {"record": str(chain.path(made.seq).relative_to(self.root))}
        change = self._announce("take back", what, "gc had cleared the version away meanwhile")

        def record(head: Link | None) -> dict[str, Any]:
            now = made if head is None else head
            value = before if now.seq == made.seq else now.body[field]
            return {
                **now.body,
                **change.model_dump(),
                field: value if value is not None or field == "version" else [],
            }

        self.log.done(change.op, chain.path(chain.append(record).seq))

    def usable(self, name: str, version: Version) -> Manifest:
        """What a version is whose files are there. Raises NotRegistered, Collected, RegistryDamaged."""
        manifest = self.versions(name).manifest(version)
        freed = self.versions(name).freed(version)
        if freed is not None:
            raise Collected(f"{name} {version}", freed.time)
        return manifest

    def _sound(self, routes: Sequence[Route]) -> None:
        totals: dict[tuple[str, str], float] = {}
        for route in routes:
            self.usable(model_name(route.name), Version.parse(route.version))
            key = edition_name(route.edition), route.name
            totals[key] = totals.get(key, 0.0) + route.share
        for (edition, name), total in totals.items():
            if abs(total - 1) > 1e-6:
                raise BadName("routes", f"{edition} {name}", f"shares that add up to 1, not {total:g}")

    def _chain(self, folder: Path) -> Chain:
        if folder not in self._chains:
            self._chains[folder] = Chain(folder, self.root, self.durable)
        return self._chains[folder]

    def _announce(self, action: str, changes: Mapping[str, Any], reason: str) -> Change:
        change = Change(op=os.urandom(8).hex(), author=self.author, time=self.now(), reason=reason)
        self.log.append({**change.model_dump(), "action": action, "changes": dict(changes)})
        return change

    def now(self) -> str:
        """UTC, ISO 8601 with milliseconds."""
        return datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="milliseconds")

    def _today(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).strftime("%Y%m%d")

    @contextmanager
    def writing(self, doing: str) -> Iterator[None]:
        """Where the filesystem refuses, RegistryUnwritable says at what."""
        try:
            yield
        except OSError as error:
            raise RegistryUnwritable(doing, error) from error


def _version_of(link: Link) -> Version | None:
    text = link.body["version"]
    return None if text is None else Version.parse(text)


def _is_model(name: str) -> bool:
    try:
        return bool(model_name(name))
    except BadName:
        return False
