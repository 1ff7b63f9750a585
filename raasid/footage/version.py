"""A dataset version: a folder of annotations, media and a manifest that never change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raasid.errors import DataError
from raasid.footage import coco_format
from raasid.footage.records import Clip, Footage
from raasid.io.object_store import sha256_of

MANIFEST = "manifest.json"
SHORT_DIGEST_LENGTH = 12
"""Hex digits of a digest in folder names and references; the manifest has all 64."""


class VersionDamaged(DataError):
    """A version whose manifest cannot be read."""

    def __init__(self, folder: Path, reason: object) -> None:
        super().__init__(f"{folder}: the manifest cannot be used: {reason}; store the footage again")


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
            if content_digest(manifest["files"], manifest["splits"]) != manifest["digest"]:
                raise ValueError("it does not have the digest that it states")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as reason:
            raise VersionDamaged(folder, reason) from reason
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
        """Read the clips; media lie below the folder."""
        return coco_format.read(self.folder)

    def footage(self) -> Footage:
        """Return clips, splits and notes, as a reader does."""
        splits = {split: list(ids) for split, ids in self.manifest["splits"].items()}
        return Footage(self.clips(), splits, notes=tuple(self.manifest["notes"]))

    def find_damage(self) -> list[str]:
        """Describe every file that is missing or changed; empty for an intact version."""
        damage = []
        for name, entry in self.manifest["files"].items():
            path = self.folder / name
            if not path.is_file():
                damage.append(f"{name}: missing")
            elif path.stat().st_size != entry["bytes"] or sha256_of(path) != entry["sha256"]:
                damage.append(f"{name}: changed since it was stored")
        return damage


def content_digest(files: Mapping[str, Mapping[str, Any]], splits: Mapping[str, Any]) -> str:
    """Return the digest of a version: of its files' names and digests, and of its splits."""
    content = {name: entry["sha256"] for name, entry in files.items()}
    text = json.dumps({"files": content, "splits": splits}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
