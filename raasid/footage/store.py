"""The dataset store: footage in, immutable versions out (annotations, media and a manifest)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from raasid.console import terminal
from raasid.console.terminal import progress
from raasid.errors import DataError, UsageError
from raasid.escaping import printable_file_name
from raasid.footage import coco_format
from raasid.footage.records import Footage
from raasid.footage.version import (
    MANIFEST,
    SHORT_DIGEST_LENGTH,
    DatasetVersion,
    VersionDamaged,
    content_digest,
)
from raasid.io.atomic import StagedFolder, write_atomic
from raasid.io.drafts import remove_abandoned
from raasid.io.file_digests import CACHE_NAME, FileDigests, FileUnreadable, describe_change, sha256_of
from raasid.io.object_store import MediaUnreadable, ObjectStore, link_or_copy

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MAX_NAME = 400
"""Characters of a media file's name, folders included."""
_COPY_THREADS = 4
_REF = re.compile(r"(?:(?P<name>[^@]+))?(?:@(?P<digest>[0-9a-f]{4,64}))?")


class DatasetMissing(UsageError):
    """No version of that name or digest, or more than one."""

    def __init__(self, ref: str, root: Path, reason: str) -> None:
        super().__init__(f"data.dataset: {ref!r} in the store {root}: {reason}; `raasid data ls` lists them")


class NothingToStore(DataError):
    """Footage without a single clip."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: no clip to store; look at what was left out")


class DatasetStore:
    """Dataset versions below one folder, on a disk that many machines may share.

    objects/ab/abcd…                       files by content
    datasets/NAME/DIGEST/annotations.json  and manifest.json, media/…: hard links to objects
    file_digests.json                      which files were verified already
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.objects = ObjectStore(root / "objects", FileDigests(root / CACHE_NAME))

    def add(
        self,
        name: str,
        footage: Footage,
        *,
        made_by: str,
        parents: Sequence[str] = (),
        link_media: bool = False,
    ) -> DatasetVersion:
        """Store footage as a version of dataset `name`.

        The version appears complete or not at all. Equal content returns the version that exists and stores
        nothing, but replaces files of it that are damaged. Missing media stay named in the annotations; the
        manifest counts them.

        made_by: the command or program, for people. parents: digests of the versions it was derived from.
        link_media: the media never change, as those of a version or a league, and are linked, not copied.
        Media whose digest the footage knows are not read if the store has them.
        Raises NothingToStore, MediaUnreadable, VersionDamaged for media that have another digest than the
        footage knows, and UsageError for a name that is no file name.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(f"dataset name: letters, digits, '.', '_' and '-' are possible, got {name!r}")
        if not footage.clips:
            raise NothingToStore(name)
        home = self.root.absolute() / "datasets" / name
        remove_abandoned(home)
        remove_abandoned(self.objects.folder)
        with StagedFolder(home) as staged:
            files, missing = self._fill(staged.path, footage, link_media)
            splits = {split: sorted(ids) for split, ids in sorted(footage.splits.items())}
            digest = content_digest(files, splits)
            final = home / digest[:SHORT_DIGEST_LENGTH]
            manifest: dict[str, Any] = {
                "format": 1,
                "name": name,
                "digest": digest,
                "made_by": made_by,
                "created": datetime.now(UTC).isoformat(timespec="microseconds"),
                "parents": list(parents),
                "splits": splits,
                "notes": list(footage.notes),
                "left_out": len(footage.quarantine),
                "missing_media": missing,
                "counts": _counts(footage),
                "files": files,
            }
            write_atomic(staged.path / MANIFEST, json.dumps(manifest, indent=1))
            if final.exists():
                self._replace_damaged_files(final, staged.path, files)
            else:
                staged.publish(final)  # or another process has published the same content
            self.objects.digests.save()
            return DatasetVersion.open(final)

    def copy(self, version: DatasetVersion) -> DatasetVersion:
        """Copy a version of another store; it appears complete, or not at all.

        Files that this store has, as from an interrupted copy, are not read from the other one. Raises
        VersionDamaged if a file there is missing or not what its manifest says, DiskFull, StoreUnwritable.
        """
        home, files = self.root.absolute() / "datasets" / version.name, version.manifest["files"]
        final = home / version.folder.name
        remove_abandoned(home)
        remove_abandoned(self.objects.folder)
        with StagedFolder(home) as staged:
            with (
                progress(f"copying {version.ref} to {self.root}", len(files)) as update,
                ThreadPoolExecutor(_COPY_THREADS) as pool,
            ):
                damage = {}
                for name, wrong in pool.map(lambda name: self._copy_file(version, name, staged.path), files):
                    update(1)
                    if wrong is not None:
                        damage[name] = wrong
            version.refuse(damage)
            write_atomic(staged.path / MANIFEST, json.dumps(version.manifest, indent=1))
            if final.exists():
                self._replace_damaged_files(final, staged.path, files)
            else:
                staged.publish(final)
            self.objects.digests.save()
            return DatasetVersion.open(final)

    def _copy_file(self, version: DatasetVersion, name: str, folder: Path) -> tuple[str, str | None]:
        """Copy a file of a version into a folder; return its name, and what is wrong with it."""
        digest = str(version.manifest["files"][name]["sha256"])
        if not self.objects.is_intact(digest):
            try:
                found = self.objects.put(version.folder / name)
            except MediaUnreadable as error:
                return name, str(error)
            if found != digest:
                return name, describe_change(found, digest)
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(self.objects.path(digest), target)
        self.objects.digests.keep(target, digest)
        return name, None

    def versions(self, name: str | None = None) -> list[DatasetVersion]:
        """Return all versions, or those of one name, the oldest first."""
        pattern = f"{name or '*'}/*/{MANIFEST}"
        found = [
            DatasetVersion.open(path.parent)
            for path in (self.root / "datasets").glob(pattern)
            if not path.parent.name.startswith(".")
        ]
        return sorted(found, key=lambda v: (v.manifest["created"], v.name, v.digest))

    def find(self, ref: str) -> DatasetVersion:
        """Return the newest version of NAME, or that of NAME@DIGEST or DIGEST, which may be a prefix.

        Raises DatasetMissing, also for a prefix of several digests.
        """
        match = _REF.fullmatch(ref)
        if match is None or not ref:
            raise DatasetMissing(ref, self.root, "expected NAME, NAME@DIGEST or DIGEST")
        name, digest = match["name"], match["digest"]
        # a damaged version of another dataset does not matter
        known = (self.versions(name) if name and _NAME.fullmatch(name) else []) or self.versions()
        if name is not None and digest is None:
            if named := [version for version in known if version.name == name]:
                return named[-1]
            name, digest = None, name
        fitting = [
            version
            for version in known
            if (name is None or version.name == name) and version.digest.startswith(digest or "")
        ]
        if len({version.digest for version in fitting}) == 1:
            return fitting[-1]
        names = ", ".join(sorted({version.name for version in known})) or "the store is empty"
        matches = ", ".join(version.ref for version in fitting)
        raise DatasetMissing(ref, self.root, f"fits {matches}" if fitting else f"not there; names: {names}")

    def _fill(
        self, folder: Path, footage: Footage, link_media: bool
    ) -> tuple[dict[str, dict[str, Any]], int]:
        """Write media and annotations; return digest and size per file, and the number of missing media."""
        clips = sorted(footage.clips, key=lambda clip: clip.id)
        names = media_names([frame.image for clip in clips for frame in clip.frames])
        files: dict[str, dict[str, Any]] = {}
        missing = 0
        with progress("storing media", len(names)) as update:
            for source, name in names.items():
                update(1)
                if not source.is_file():
                    missing += 1
                    continue
                digest = footage.media.get(source)
                if digest is None or not self.objects.is_intact(digest):
                    expected, digest = digest, self.objects.put(source, link=link_media)
                    if expected not in {None, digest}:
                        raise VersionDamaged(source, "changed since it was verified")
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                link_or_copy(self.objects.path(digest), target)
                self.objects.digests.keep_after_link(target, digest)
                files[name] = {"sha256": digest, "bytes": target.stat().st_size}
        moved = [
            replace(clip, frames=tuple(replace(f, image=Path(names[f.image])) for f in clip.frames))
            for clip in clips
        ]
        path = coco_format.write(moved, folder)
        files[path.name] = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
        return dict(sorted(files.items())), missing

    def _replace_damaged_files(self, final: Path, complete: Path, files: Mapping[str, Any]) -> None:
        """Replace damaged files of a version, one by one, by those of a complete folder of equal content."""
        try:
            damaged = [*DatasetVersion.open(final).find_damage(self.objects.digests)]
        except (VersionDamaged, FileUnreadable):
            damaged = [*files, MANIFEST]
        for name in damaged:
            (final / name).parent.mkdir(parents=True, exist_ok=True)
            (complete / name).replace(final / name)
        if damaged:
            terminal.err().print(f"{final}: {len(damaged)} damaged files were replaced", markup=False)


def media_names(files: Iterable[Path]) -> dict[Path, str]:
    """Return a name `media/...` for each distinct file, in the order of first use.

    Names are relative to the files' common folder, so they do not depend on where that folder lies; they are
    printable, so that every tool can read them. A long one, as of footage that was joined again and again, is
    replaced by its digest.
    """
    distinct = dict.fromkeys(files)
    if not distinct:
        return {}
    absolute = {path: os.path.normpath(path.absolute()) for path in distinct}
    common = os.path.commonpath([os.path.dirname(name) for name in absolute.values()])  # noqa: PTH120
    named = {
        path: "/".join(["media", *map(printable_file_name, Path(os.path.relpath(name, common)).parts)])
        for path, name in absolute.items()
    }
    return {
        path: name
        if len(name) <= _MAX_NAME
        else f"media/{sha256(name.encode()).hexdigest()}{Path(name).suffix}"
        for path, name in named.items()
    }


def _counts(footage: Footage) -> dict[str, int]:
    frames = [frame for clip in footage.clips for frame in clip.frames]
    return {
        "matches": len({clip.match for clip in footage.clips}),
        "clips": len(footage.clips),
        "frames": len(frames),
        "balls": sum(len(frame.balls) for frame in frames),
        "persons": sum(len(frame.persons) for frame in frames),
        "rulings": sum(clip.ruling is not None for clip in footage.clips),
    }
