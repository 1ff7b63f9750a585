"""What a perception has said about clips, on disk: each clip once, named by its pixels.

    tracks-<perception>/
        perception.json         whose tracks these are
        clips/<clip>.json       COCO video JSON of one clip; media are referred to, not copied
        versions/<digest>.json  which clips, with which labels, made up one dataset

Labels (facts, contact, tags) stay with the footage: correcting one makes nobody look again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from raasid.data import coco_video
from raasid.data.records import Clip, Frame, Provenance

_LAYOUT = 1
_WHOLE = 8 << 20
"""Bytes up to which a file is read whole for its digest; of a longer one both ends are."""
_END = 1 << 20
_ABANDONED_AFTER_S = 3600.0


class SeenClips:
    """The store of one perception below `folder`."""

    def __init__(self, folder: Path, perception: str) -> None:
        digest = hashlib.sha256(f"{_LAYOUT} {perception}".encode()).hexdigest()[:12]
        self.home = folder.absolute() / f"tracks-{digest}"
        self._clips = self.home / "clips"
        self._clips.mkdir(parents=True, exist_ok=True)
        _write_once(self.home / "perception.json", {"format": _LAYOUT, "perception": perception})
        self._sweep()

    def key(self, clip: Clip) -> str:
        """Name of a clip by what a perception sees of it: pixels, places in time, and their rate."""
        digest = hashlib.sha256(f"{clip.frame_rate_hz}".encode())
        known: dict[Path, str] = {}
        for frame in clip.frames:
            if frame.image not in known:
                known[frame.image] = _content(frame.image)
            digest.update(f"\n{known[frame.image]} {frame.index} {frame.in_video}".encode())
        return digest.hexdigest()[:24]

    def has(self, key: str) -> bool:
        """Whether a clip was looked at."""
        return (self._clips / f"{key}.json").is_file()

    def get(self, key: str) -> tuple[Frame, ...]:
        """Frames as they were seen. Raises AnnotationsUnreadable: delete the file, and it is made again."""
        (clip,) = coco_video.read(self._clips, f"{key}.json")
        return clip.frames

    def put(self, key: str, clip: Clip, frames: Sequence[Frame], perception: str) -> None:
        """Keep what was seen; the file appears whole."""
        referred = tuple(
            replace(frame, image=Path(os.path.relpath(frame.image.absolute(), self._clips)))
            for frame in frames
        )
        provenance = Provenance(clip.provenance.source, clip.provenance.license, perception)
        bare = Clip(clip.id, referred, provenance, clip.frame_rate_hz)
        coco_video.write([bare], self._clips, f"{key}.json")

    def note_version(self, clips: Sequence[Clip], keys: Sequence[str]) -> str:
        """Write down which clips with which labels belong together; returns the version's digest."""
        labels = [
            repr((clip.id, clip.match, clip.contact, sorted(clip.facts.items()), clip.tags)) for clip in clips
        ]
        digest = hashlib.sha256("\n".join([*keys, *labels]).encode()).hexdigest()[:12]
        listed = {clip.id: key for clip, key in zip(clips, keys, strict=True)}
        _write_once(self.home / "versions" / f"{digest}.json", {"format": _LAYOUT, "clips": listed})
        return digest

    def _sweep(self) -> None:
        """Remove drafts of who was killed; a living writer needs less than an hour for one clip's labels."""
        for draft in self._clips.glob(".*.json.*"):
            try:
                if time.time() - draft.stat().st_mtime > _ABANDONED_AFTER_S:
                    draft.unlink(missing_ok=True)
            except FileNotFoundError:
                continue


def _content(path: Path) -> str:
    """Digest of a file's content; of a missing one, that it is missing."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if size <= _WHOLE:
                return hashlib.file_digest(file, "sha256").hexdigest()
            digest = hashlib.sha256(f"{size}".encode())
            digest.update(file.read(_END))
            file.seek(-_END, os.SEEK_END)
            digest.update(file.read(_END))
            return digest.hexdigest()
    except FileNotFoundError:
        return f"missing {path.name}"


def _write_once(path: Path, content: dict[str, object]) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
