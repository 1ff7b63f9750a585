"""The versions of one model: claimed by whoever links the manifest first, numbered without gaps in a day.

The days on which a model has versions, and those with gaps; all others need not be listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from raasid.registry.errors import NotRegistered, RegistryDamaged
from raasid.registry.filesystem import LEFTOVER, Durable
from raasid.registry.names import Version
from raasid.registry.record_chain import digest, unsealed
from raasid.registry.records import Freed, Manifest


class Days:
    """`models/<name>/days/<day>` for every day; `models/<name>/gaps/<day>` where an import left numbers out.

    Both are on the disk before the first version that they stand for.
    """

    def __init__(self, root: Path, home: Path, durable: Durable) -> None:
        self.folder, self.gaps = home / "days", home / "gaps"
        self._root, self._durable = root, durable

    def all(self) -> list[str]:
        """Eight digits each, rising; the last may have no version yet."""
        return [name for name in self._durable.disk.names(self.folder) if not name.startswith(LEFTOVER)]

    def has_gaps(self, day: str) -> bool:
        """Whether the day's numbers may have gaps, so that they have to be listed."""
        return self._durable.disk.entry(self.gaps / day) is not None

    def mark(self, day: str) -> None:
        """Note a day."""
        self._mark(self.folder / day)

    def mark_gaps(self, day: str) -> None:
        """Note a day with gaps."""
        self._mark(self.gaps / day)

    def _mark(self, path: Path) -> None:
        self._durable.folder(path.parent, self._root)
        if self._durable.disk.entry(path) is None:
            self._durable.create(path, b"")
        else:
            self._durable.keep_name(path)


class Versions:
    """`models/<name>/versions/<version>/`; numbers without gaps, so that the last is found without a list."""

    def __init__(self, root: Path, name: str, durable: Durable) -> None:
        self.name, self._root, self._durable, self._disk = name, root, durable, durable.disk
        home = root / "models" / name
        self.folder, self.days = home / "versions", Days(root, home, durable)
        self._reached: dict[str, int] = {}
        """Day -> a number that was registered on it, with all before it."""
        self._own: Version | None = None
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
        for day in reversed(self.days.all()):
            yield from (Version(day, build) for build in reversed(self._builds(day)))

    def count(self) -> int:
        """How many are registered."""
        return sum(len(self._builds(day)) for day in self.days.all())

    def latest(self) -> Version | None:
        """The newest."""
        return next(self.newest_first(), None)

    def claim(self, today: str, make: Callable[[Version], bytes]) -> Version:
        """Register under the next number of the day; on return it is on the disk.

        today: eight digits. A day that lies before the last one does not count: a clock was set back.
        make: writes the manifest for a version.
        """
        day = max([today, *self.days.all()])
        version = Version(day, max(self._builds(day), default=0))
        while True:
            if version.build and version != self._own:
                # whoever claimed it may not have synced yet, and a power cut would leave a gap before ours
                self._durable.keep_name(self.home(version) / "manifest.json")
            version = Version(day, version.build + 1)
            if not self.has(version) and self._create(version, make(version)):
                self._own = version
                return version

    def claim_exactly(self, version: Version, manifest: bytes) -> bool:
        """Register under this number; False where it is taken."""
        before = Version(version.day, version.build - 1)
        if before.build and not self.has(before):
            self.days.mark_gaps(version.day)
        return self._create(version, manifest)

    def _create(self, version: Version, manifest: bytes) -> bool:
        self.days.mark(version.day)
        self._durable.folder(self.home(version), self._root)
        return self._durable.create(self.home(version) / "manifest.json", manifest)

    def _builds(self, day: str) -> Sequence[int]:
        """The numbers of one day, rising."""
        if self.days.has_gaps(day):
            return [version.build for version in self.names() if version.day == day and self.has(version)]
        return range(1, self._last(day) + 1)

    def _last(self, day: str) -> int:
        """The last number of a day without gaps: steps twice as long each time, then halved again."""
        known, step = self._reached.get(day, 0), 1
        while self.has(Version(day, known + step)):
            known, step = known + step, 2 * step
        while step > 1:
            step //= 2
            if self.has(Version(day, known + step)):
                known += step
        self._reached[day] = known
        return known

    def _nearby(self) -> str:
        newest = [str(version) for version, _ in zip(self.newest_first(), range(3), strict=False)]
        return (
            f"the newest of {self.name} are {', '.join(newest)}" if newest else "there is none of that model"
        )
