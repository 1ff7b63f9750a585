"""Versions of one model, numbered consecutively within a day; linking the manifest claims the number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from raasid.registry.errors import NotRegistered, RegistryDamaged
from raasid.registry.filesystem import DRAFT_PREFIX, AtomicWriter
from raasid.registry.names import Version
from raasid.registry.record_chain import decode_record, sha256_hex
from raasid.registry.records import FreedRecord, Manifest


class ModelVersions:
    """`models/<name>/versions/<version>/`; numbers are consecutive: the last is found without a listing."""

    def __init__(self, root: Path, name: str, writer: AtomicWriter) -> None:
        self.name, self._root, self._writer, self._fs = name, root, writer, writer.fs
        home = root / "models" / name
        self.folder, self.days = home / "versions", DayIndex(root, home, writer)
        self._known_builds: dict[str, int] = {}
        """Day -> a number such that it and all before it are registered."""
        self._last_own: Version | None = None
        self._manifests: dict[Version, tuple[Manifest, str]] = {}

    def folder_of(self, version: Version) -> Path:
        """Return the folder of one version."""
        return self.folder / str(version)

    def manifest_path(self, version: Version) -> Path:
        """Return the file whose creation registers a version."""
        return self.folder_of(version) / "manifest.json"

    def has(self, version: Version) -> bool:
        """Whether a version is registered."""
        return self._fs.stat(self.manifest_path(version)) is not None

    def manifest(self, version: Version) -> Manifest:
        """Return the manifest. Raises NotRegistered, RegistryDamaged."""
        return self.manifest_and_digest(version)[0]

    def manifest_and_digest(self, version: Version) -> tuple[Manifest, str]:
        """Return the manifest and its file's SHA-256, read once. Raises NotRegistered, RegistryDamaged."""
        if version not in self._manifests:
            path = self.manifest_path(version)
            try:
                data = self._fs.read(path)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise NotRegistered(f"{self.name} {version}", self._newest_text()) from error
            manifest: Manifest = Manifest.from_body(decode_record(data, path), str(path))
            if (manifest.name, manifest.version) != (self.name, str(version)):
                raise RegistryDamaged(path, f"is the manifest of {manifest.name} {manifest.version}")
            self._manifests[version] = manifest, sha256_hex(data)
        return self._manifests[version]

    def freed(self, version: Version) -> FreedRecord | None:
        """Return the record of gc that freed the version's files; None if they are kept."""
        path = self.folder_of(version) / "freed.json"
        if self._fs.stat(path) is None:
            return None
        record: FreedRecord = FreedRecord.from_body(decode_record(self._fs.read(path), path), str(path))
        return record

    def names(self) -> list[Version]:
        """Return all version folders in rising order, also those of interrupted registrations."""
        parsed = (Version.try_parse(name) for name in self._fs.list_folder(self.folder))
        return sorted(version for version in parsed if version is not None)

    def newest_first(self) -> Iterator[Version]:
        """Yield all registered versions."""
        for day in reversed(self.days.all()):
            yield from (Version(day, build) for build in reversed(self._builds(day)))

    def count(self) -> int:
        """Return how many versions are registered."""
        return sum(len(self._builds(day)) for day in self.days.all())

    def latest(self) -> Version | None:
        """Return the newest version; None if there is none."""
        return next(self.newest_first(), None)

    def register_next(self, today: str, make_manifest: Callable[[Version], bytes]) -> Version:
        """Register under the next free number of the day; on return the manifest is on the disk.

        today: eight digits; an earlier day than the last registered one is ignored (a clock was set back).
        """
        day = max([today, *self.days.all()])
        version = Version(day, max(self._builds(day), default=0))
        while True:
            if version.build and version != self._last_own:
                # its writer may not have synced it yet; a power cut would then leave a gap before ours
                self._writer.sync_parent(self.manifest_path(version))
            version = Version(day, version.build + 1)
            if not self.has(version) and self._create(version, make_manifest(version)):
                self._last_own = version
                return version

    def register_as(self, version: Version, manifest: bytes) -> bool:
        """Register under this very number; return False if it is taken."""
        before = Version(version.day, version.build - 1)
        if before.build and not self.has(before):
            self.days.mark_gaps(version.day)
        return self._create(version, manifest)

    def _create(self, version: Version, manifest: bytes) -> bool:
        self.days.mark(version.day)
        self._writer.make_folders(self.folder_of(version), self._root)
        return self._writer.create(self.manifest_path(version), manifest)

    def _builds(self, day: str) -> Sequence[int]:
        """Return the registered numbers of one day in rising order."""
        if self.days.has_gaps(day):
            return [version.build for version in self.names() if version.day == day and self.has(version)]
        return range(1, self._last_build(day) + 1)

    def _last_build(self, day: str) -> int:
        """Return the last number of a day without gaps, by doubling steps and then bisection."""
        known, step = self._known_builds.get(day, 0), 1
        while self.has(Version(day, known + step)):
            known, step = known + step, 2 * step
        while step > 1:
            step //= 2
            if self.has(Version(day, known + step)):
                known += step
        self._known_builds[day] = known
        return known

    def _newest_text(self) -> str:
        newest = [str(version) for version, _ in zip(self.newest_first(), range(3), strict=False)]
        if not newest:
            return "there is none of that model"
        return f"the newest of {self.name} are {', '.join(newest)}"


class DayIndex:
    """The days on which a model has versions, as empty files that precede the day's first version.

    `days/<day>` for every day, `gaps/<day>` for a day whose numbers have gaps after an import.
    """

    def __init__(self, root: Path, home: Path, writer: AtomicWriter) -> None:
        self.folder, self.gaps_folder = home / "days", home / "gaps"
        self._root, self._writer = root, writer

    def all(self) -> list[str]:
        """Return the days, eight digits each, in rising order; the last may have no version yet."""
        return [
            name for name in self._writer.fs.list_folder(self.folder) if not name.startswith(DRAFT_PREFIX)
        ]

    def has_gaps(self, day: str) -> bool:
        """Whether the day's numbers may have gaps, so that the folder has to be listed."""
        return self._writer.fs.stat(self.gaps_folder / day) is not None

    def mark(self, day: str) -> None:
        """Add a day."""
        self._mark(self.folder / day)

    def mark_gaps(self, day: str) -> None:
        """Mark a day as one with gaps."""
        self._mark(self.gaps_folder / day)

    def _mark(self, path: Path) -> None:
        self._writer.make_folders(path.parent, self._root)
        if self._writer.fs.stat(path) is None:
            self._writer.create(path, b"")
        else:
            self._writer.sync_parent(path)
