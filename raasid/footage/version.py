"""A dataset version: a folder of annotations, media and a manifest that never change; what two differ in."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raasid.errors import DataError
from raasid.footage import coco_format
from raasid.footage.coco_format import AnnotationsUnreadable
from raasid.footage.records import Clip, Footage
from raasid.io.file_digests import CACHE_NAME, FileDigests, find_damage

MANIFEST = "manifest.json"
SHORT_DIGEST_LENGTH = 12
"""Hex digits of a digest in folder names and references; the manifest has all 64."""
_MAX_LISTED = 10


class VersionDamaged(DataError):
    """A version whose manifest cannot be read, or whose files are not those of its manifest."""

    def __init__(self, folder: Path, reason: object) -> None:
        super().__init__(
            f"{folder}: {reason}\nimport the footage again, which replaces what is damaged, "
            "or restore the folder from a backup"
        )


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """A version as its manifest describes it."""

    folder: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path) -> DatasetVersion:
        """Read the manifest; raises VersionDamaged."""
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            digest = content_digest(manifest["files"], manifest["splits"])
            if digest != manifest["digest"] or digest[:SHORT_DIGEST_LENGTH] != folder.name:
                raise ValueError("it does not have the digest that it and its folder state")
            if any(name.startswith("/") or ".." in name.split("/") for name in manifest["files"]):
                raise ValueError("it names a file outside its folder")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as reason:
            raise VersionDamaged(folder, f"the manifest cannot be used: {reason}") from reason
        return cls(folder, manifest)

    @property
    def name(self) -> str:
        """Name of the dataset."""
        return str(self.manifest["name"])

    @property
    def digest(self) -> str:
        """Digest of the content, 64 hex digits: annotations, media and splits, not name, time or location."""
        return str(self.manifest["digest"])

    @property
    def ref(self) -> str:
        """NAME@DIGEST, with a digest short enough to type."""
        return f"{self.name}@{self.digest[:SHORT_DIGEST_LENGTH]}"

    def clips(self) -> list[Clip]:
        """Read the clips; media lie below the folder and are not read.

        Raises VersionDamaged if the annotations are not those that were stored.
        """
        name = coco_format.FILE_NAME
        try:
            return coco_format.read(self.folder, sha256=str(self.manifest["files"][name]["sha256"]))
        except (AnnotationsUnreadable, KeyError) as error:
            raise VersionDamaged(self.folder, f"{self.ref} is damaged: {error}") from error

    def footage(self, cache: Path | None = None) -> Footage:
        """Return clips, splits and notes, as a reader does; all files were compared with the manifest.

        Media that are known by size, times and inode are not read again; see FileDigests. cache: folder that
        keeps the digests where the store cannot be written. Raises VersionDamaged, FileUnreadable.
        """
        files = dict(self.manifest["files"])
        files.pop(coco_format.FILE_NAME, None)  # `clips` digests it while it parses it
        store = self.folder.parents[2]
        keeps = store if cache is None or os.access(store, os.W_OK) else cache
        digests = FileDigests(keeps / CACHE_NAME)
        self.refuse(find_damage(self.folder, files, digests, f"verifying {self.ref}"))
        clips = self.clips()
        media = {self.folder / name: str(entry["sha256"]) for name, entry in files.items()}
        missing = {frame.image for clip in clips for frame in clip.frames} - media.keys()
        appeared = sorted(str(path.relative_to(self.folder)) for path in missing if path.exists())
        self.refuse(dict.fromkeys(appeared, "was missing when the footage was stored"))
        return Footage(
            clips,
            {split: list(ids) for split, ids in self.manifest["splits"].items()},
            notes=tuple(self.manifest["notes"]),
            media=media,
            dataset={"dataset": self.ref, "dataset_sha256": self.digest},
        )

    def find_damage(self, digests: FileDigests | None = None) -> dict[str, str]:
        """Return what is wrong by file name, empty for an intact version.

        digests: know files that need not be read; None: every file is read. Raises FileUnreadable.
        """
        files = self.manifest["files"]
        return find_damage(self.folder, files, digests or FileDigests(), f"verifying {self.ref}")

    def verify(self) -> None:
        """Read all files; raises VersionDamaged, FileUnreadable."""
        self.refuse(self.find_damage())

    def refuse(self, damage: Mapping[str, str]) -> None:
        """Raise VersionDamaged if a file is damaged. damage: what is wrong, by file name."""
        if damage:
            listed = [f"\n  {name}: {what}" for name, what in list(damage.items())[:_MAX_LISTED]]
            more = f"\n  … and {len(damage) - _MAX_LISTED} more" if len(damage) > _MAX_LISTED else ""
            count = f"{len(damage)} of {len(self.manifest['files'])} files are damaged"
            raise VersionDamaged(self.folder, f"{self.ref}: {count}{''.join(listed)}{more}")


def content_digest(files: Mapping[str, Mapping[str, Any]], splits: Mapping[str, Any]) -> str:
    """Return the digest of a version: of its files' names and digests, and of its splits."""
    content = {name: entry["sha256"] for name, entry in files.items()}
    text = json.dumps({"files": content, "splits": splits}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ClipDifference:
    """A clip that was added, removed or changed."""

    clip: str
    kind: str
    """`added`, `removed` or `changed`."""
    fields: tuple[str, ...] = ()
    """Of a changed clip: the fields that differ; within frames also `balls`, `persons` and `media`."""
    detail: str = ""


def diff_versions(old: DatasetVersion, new: DatasetVersion) -> list[ClipDifference]:
    """Return the clips that differ, in the order of their ids."""
    before, after = ({clip.id: clip for clip in version.clips()} for version in (old, new))
    media = {
        version.folder / name: str(entry["sha256"])
        for version in (old, new)
        for name, entry in version.manifest["files"].items()
    }
    found = []
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            found.append(ClipDifference(name, "removed"))
        elif name not in before:
            found.append(ClipDifference(name, "added"))
        elif changed := changed_fields(before[name], after[name], media):
            found.append(
                ClipDifference(name, "changed", tuple(changed), _detail(before[name], after[name], changed))
            )
    return found


def changed_fields(before: Clip, after: Clip, media: Mapping[Path, str]) -> list[str]:
    """Return the fields in which two clips differ; within frames also `balls`, `persons` and `media`.

    media: SHA-256 of the files of both; those that it does not hold are taken to be missing.
    """
    names = [f.name for f in dataclasses.fields(Clip) if f.name not in {"id", "frames"}]
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    if [frame.index for frame in before.frames] != [frame.index for frame in after.frames]:
        return [*changed, "frames"]
    pairs = list(zip(before.frames, after.frames, strict=True))
    changed += [
        part
        for part in ("balls", "persons", "tags")
        if any(getattr(a, part) != getattr(b, part) for a, b in pairs) and part not in changed
    ]
    if any(media.get(a.image) != media.get(b.image) for a, b in pairs):
        changed.append("media")
    return changed


def _detail(before: Clip, after: Clip, changed: list[str]) -> str:
    if "ruling" in changed:
        decisions = [clip.ruling.decision if clip.ruling is not None else None for clip in (before, after)]
        return f"{decisions[0] or 'no ruling'} -> {decisions[1] or 'no ruling'}"
    if "frames" in changed:
        return f"{len(before.frames)} -> {len(after.frames)} frames"
    return ""
