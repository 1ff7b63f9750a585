"""The versions of one model: claimed by whoever links the manifest first, numbered without gaps in a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from raasid.registry.durable import LEFTOVER, Durable
from raasid.registry.errors import NotRegistered, RegistryDamaged
from raasid.registry.names import Version
from raasid.registry.records import Freed, Manifest
from raasid.registry.sealed import digest, unsealed


class Versions:
    """`models/<name>/versions/<version>/`, and `models/<name>/days/<day>` to find the last day quickly."""

    def __init__(self, root: Path, name: str, durable: Durable) -> None:
        self.name, self._root, self._durable, self._disk = name, root, durable, durable.disk
        home = root / "models" / name
        self.folder, self.days = home / "versions", home / "days"
        self._last: Version | None = None
        self._known: dict[Version, tuple[Manifest, str]] = {}

    def home(self, version: Version) -> Path:
        """The folder of one version."""
        return self.folder / str(version)

    def has(self, version: Version) -> bool:
        """Whether it was registered."""
        return self._disk.entry(self.home(version) / "manifest.json") is not None

    def manifest(self, version: Version) -> Manifest:
        """What a version is. Raises NotRegistered, RegistryDamaged."""
        return self.sealed_manifest(version)[0]

    def sealed_manifest(self, version: Version) -> tuple[Manifest, str]:
        """The manifest and the digest of its file; read once, as it never changes."""
        if version not in self._known:
            path = self.home(version) / "manifest.json"
            try:
                data = self._disk.read(path)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise NotRegistered(f"{self.name} {version}", self._nearby()) from error
            manifest: Manifest = Manifest.of(unsealed(data, path), str(path))
            if (manifest.name, manifest.version) != (self.name, str(version)):
                raise RegistryDamaged(path, f"is the manifest of {manifest.name} {manifest.version}")
            self._known[version] = manifest, digest(data)
        return self._known[version]

    def freed(self, version: Version) -> Freed | None:
        """When and by whom its files were cleared away; None: they are there."""
        path = self.home(version) / "freed.json"
        if self._disk.entry(path) is None:
            return None
        found: Freed = Freed.of(unsealed(self._disk.read(path), path), str(path))
        return found

    def names(self) -> list[Version]:
        """All names in the folder, rising; a claim that was cut short may be among them."""
        return sorted(v for name in self._disk.names(self.folder) if (v := Version.maybe(name)) is not None)

    def newest_first(self) -> Iterator[Version]:
        """All that are registered."""
        # names come in alphabetical order, which is that of versions among those of one day and one length
        alike: dict[tuple[str, int], list[str]] = {}
        for name in self._disk.names(self.folder):
            alike.setdefault((name[:9], len(name)), []).append(name)
        names = (name for group in sorted(alike, reverse=True) for name in reversed(alike[group]))
        found = (version for name in names if (version := Version.maybe(name)) is not None)
        return (version for version in found if self.has(version))

    def latest(self) -> Version | None:
        """The newest."""
        return next(self.newest_first(), None)

    def claim(self, today: str, make: Callable[[Version], bytes]) -> Version:
        """Register under the next number of the day; on return it is on the disk.

        today: eight digits. A day that lies before the last one does not count: a clock was set back.
        make: writes the manifest for a version.
        """
        day = self._day(today)
        last = self._last
        if last is None or last.day != day:
            builds = [version.build for version in self.names() if version.day == day]
            last = Version(day, max(builds, default=0))
            if last.build and not self.has(last):
                last = Version(day, last.build - 1)  # cut short: the number is free
        version = Version(day, last.build + 1)
        while self.has(version) or not self.claim_exactly(version, make(version)):
            version = Version(day, version.build + 1)
        self._last = version
        return version

    def claim_exactly(self, version: Version, manifest: bytes) -> bool:
        """Register under this number; False where it is taken."""
        self._mark(version.day)
        self._durable.folder(self.home(version), self._root)
        return self._durable.create(self.home(version) / "manifest.json", manifest)

    def _day(self, today: str) -> str:
        return max([today, *(name for name in self._disk.names(self.days) if not name.startswith(LEFTOVER))])

    def _mark(self, day: str) -> None:
        self._durable.folder(self.days, self._root)
        if self._disk.entry(self.days / day) is None:
            self._durable.create(self.days / day, b"")
        else:
            self._durable.keep_name(self.days / day)

    def _nearby(self) -> str:
        newest = [str(version) for version, _ in zip(self.newest_first(), range(3), strict=False)]
        return (
            f"the newest of {self.name} are {', '.join(newest)}" if newest else "there is none of that model"
        )
