"""The store: footage in, dataset versions out.

Under which names media lie in a version: their own, as far down as they differ.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from raasid.console.terminal import progress
from raasid.errors import DataError, UsageError
from raasid.footage import coco_format
from raasid.footage.records import Footage
from raasid.footage.version import MANIFEST, SHORT_DIGEST_LENGTH, DatasetVersion, content_digest
from raasid.io.atomic import make_staging_folder, remove_abandoned
from raasid.io.object_store import ObjectStore, link_or_copy, sha256_of


class MediaPaths:
    """A name `media/…` for each file; it does not depend on where the files' common folder lies."""

    def __init__(self, names: dict[Path, str]) -> None:
        self._names = names

    @classmethod
    def of(cls, files: Iterable[Path]) -> MediaPaths:
        """MediaPaths of the distinct files, in the order of their first use."""
        distinct = dict.fromkeys(files)
        if not distinct:
            return cls({})
        absolute = {path: os.path.normpath(path.absolute()) for path in distinct}
        shared = os.path.commonpath([os.path.dirname(name) for name in absolute.values()])  # noqa: PTH120
        return cls(
            {
                path: f"media/{Path(os.path.relpath(name, shared)).as_posix()}"
                for path, name in absolute.items()
            }
        )

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, path: Path) -> str:
        return self._names[path]

    def items(self) -> Iterator[tuple[Path, str]]:
        """Files with their names."""
        yield from self._names.items()


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
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
    """Dataset versions below one folder, on a disk that may be shared by many machines.

    objects/ab/abcd…                       files by content
    datasets/NAME/DIGEST/annotations.json  and manifest.json, media/…: second names of objects
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.objects = ObjectStore(root / "objects")

    def add(
        self,
        name: str,
        footage: Footage,
        *,
        made_by: str,
        parents: Sequence[str] = (),
        own_files: bool = False,
    ) -> DatasetVersion:
        """Store footage as a version of dataset `name`.

        The version appears whole or not at all. The same content again gives the version that is there,
        and stores nothing. Media that are missing stay named in the annotations; the manifest counts them.

        made_by: the command or program, for people. parents: digests of the versions it was derived from.
        own_files: the media are the store's own already and never change, so that they are linked.
        Raises NothingToStore, MediaUnreadable, UsageError for a name that is no file name.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(f"dataset name: letters, digits, '.', '_' and '-' are possible, got {name!r}")
        if not footage.clips:
            raise NothingToStore(name)
        home = self.root.absolute() / "datasets" / name
        remove_abandoned(home)
        draft = make_staging_folder(home)
        try:
            files, missing = self._fill(draft, footage, own_files)
            splits = {split: sorted(ids) for split, ids in sorted(footage.splits.items())}
            digest = content_digest(files, splits)
            final = home / digest[:SHORT_DIGEST_LENGTH]
            if final.exists():
                return DatasetVersion.open(final)
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
            _write(draft / MANIFEST, json.dumps(manifest, indent=1))
            try:
                draft.rename(final)
            except OSError:
                if not final.exists():  # else somebody was first with the same content
                    raise
            return DatasetVersion.open(final)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def versions(self, name: str | None = None) -> list[DatasetVersion]:
        """Every version, or those of one name; the oldest first."""
        pattern = f"{name or '*'}/*/{MANIFEST}"
        found = [
            DatasetVersion.open(path.parent)
            for path in (self.root / "datasets").glob(pattern)
            if not path.parent.name.startswith(".")
        ]
        return sorted(found, key=lambda v: (v.manifest["created"], v.name, v.digest))

    def find(self, ref: str) -> DatasetVersion:
        """Return the newest version of NAME, or the one that NAME@DIGEST or DIGEST names; prefixes will do.

        Raises DatasetMissing, also when a prefix fits more than one content.
        """
        match = _REF.fullmatch(ref)
        if match is None or not ref:
            raise DatasetMissing(ref, self.root, "expected NAME, NAME@DIGEST or DIGEST")
        name, digest = match["name"], match["digest"]
        known = self.versions()
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
        several = ", ".join(version.ref for version in fitting)
        raise DatasetMissing(ref, self.root, f"fits {several}" if fitting else f"not there; names: {names}")

    def _fill(self, draft: Path, footage: Footage, own_files: bool) -> tuple[dict[str, dict[str, Any]], int]:
        """Put media and annotations into the draft; give each file's digest, and how many are missing."""
        clips = sorted(footage.clips, key=lambda clip: clip.id)
        names = MediaPaths.of([frame.image for clip in clips for frame in clip.frames])
        files: dict[str, dict[str, Any]] = {}
        missing = 0
        known = _Known(self.root)
        with progress("storing media", len(names)) as advance:
            for source, name in names.items():
                advance(1)
                if not source.is_file():
                    missing += 1
                    continue
                digest = known.digest(source)
                if digest is None or not self.objects.path(digest).is_file():
                    digest = self.objects.put(source, own=own_files)
                target = draft / name
                target.parent.mkdir(parents=True, exist_ok=True)
                link_or_copy(self.objects.path(digest), target)
                files[name] = {"sha256": digest, "bytes": target.stat().st_size}
        moved = [
            replace(clip, frames=tuple(replace(f, image=Path(names[f.image])) for f in clip.frames))
            for clip in clips
        ]
        path = coco_format.write(moved, draft)
        files[path.name] = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
        return dict(sorted(files.items())), missing


class _Known:
    """Digests of files that lie in versions of this store already: a relabelling reads no media again."""

    def __init__(self, root: Path) -> None:
        self._home = root.absolute() / "datasets"
        self._files: dict[Path, dict[str, Any]] = {}

    def digest(self, source: Path) -> str | None:
        """Return what the manifest of the file's version says."""
        path = source.absolute()
        if not path.is_relative_to(self._home) or len(path.relative_to(self._home).parts) < 3:
            return None
        name, version, *inside = path.relative_to(self._home).parts
        folder = self._home / name / version
        if folder not in self._files:
            self._files[folder] = dict(DatasetVersion.open(folder).manifest["files"])
        entry = self._files[folder].get("/".join(inside))
        return None if entry is None else str(entry["sha256"])


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


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
