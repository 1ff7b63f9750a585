"""Differences between two dataset versions, clip by clip."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from raasid.footage.records import Clip
from raasid.footage.version import DatasetVersion


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
