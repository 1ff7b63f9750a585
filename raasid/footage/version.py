"""One dataset version: a folder with annotations, media and a manifest that never change."""

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
"""Digits of a digest that name a folder; the manifest holds all 64."""


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
        """What the dataset is called."""
        return str(self.manifest["name"])

    @property
    def digest(self) -> str:
        """Of the content, 64 hex digits: annotations, media and splits, not name, time or place."""
        return str(self.manifest["digest"])

    @property
    def ref(self) -> str:
        """NAME@DIGEST, short enough to type."""
        return f"{self.name}@{self.digest[:SHORT_DIGEST_LENGTH]}"

    def clips(self) -> list[Clip]:
        """Records of the version; media lie below its folder."""
        return coco_format.read(self.folder)

    def footage(self) -> Footage:
        """Clips and splits, as a reader gives them."""
        splits = {split: list(ids) for split, ids in self.manifest["splits"].items()}
        return Footage(self.clips(), splits, notes=tuple(self.manifest["notes"]))

    def damage(self) -> list[str]:
        """Name every file that is missing or not what it was; an empty list is a healthy version."""
        out = []
        for name, entry in self.manifest["files"].items():
            path = self.folder / name
            if not path.is_file():
                out.append(f"{name}: missing")
            elif path.stat().st_size != entry["bytes"] or sha256_of(path) != entry["sha256"]:
                out.append(f"{name}: changed since it was stored")
        return out


def content_digest(files: Mapping[str, Mapping[str, Any]], splits: Mapping[str, Any]) -> str:
    """Digest of a version: of its files' names and digests, and of its splits."""
    content = {name: entry["sha256"] for name, entry in files.items()}
    text = json.dumps({"files": content, "splits": splits}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
