"""Footage as two models see it: predicted tracks in place of annotated ones, everything else as it was.

What a perception has said about clips, on disk: each clip once, named by its pixels.

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
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from raasid.console.terminal import progress
from raasid.footage import coco_format
from raasid.footage.media import Image, pictures
from raasid.footage.records import Clip, Contact, Footage, Frame, Provenance
from raasid.io.image_header import ImageUnreadable
from raasid.perception.matching import same_person
from raasid.perception.tracker import Perception

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
        (clip,) = coco_format.read(self._clips, f"{key}.json")
        return clip.frames

    def put(self, key: str, clip: Clip, frames: Sequence[Frame], perception: str) -> None:
        """Keep what was seen; the file appears whole."""
        referred = tuple(
            replace(frame, image=Path(os.path.relpath(frame.image.absolute(), self._clips)))
            for frame in frames
        )
        provenance = Provenance(clip.provenance.source, clip.provenance.license, perception)
        bare = Clip(clip.id, referred, provenance, clip.frame_rate_hz)
        coco_format.write([bare], self._clips, f"{key}.json")

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


UNREADABLE = "unreadable"
"""Tag of a frame whose pixels could not be read; what is in it lies between its neighbours."""


def perceived(
    footage: Footage, perception: Perception, folder: Path, splits: dict[str, list[str]] | None = None
) -> Footage:
    """Return the same clips with the balls and persons that `perception` sees.

    Each clip is looked at once, ever: what was seen lies below `folder / tracks-<perception>`, clip by clip,
    so that a killed run goes on where it was, and a larger footage costs only its new clips. Facts, tags,
    events and rulings are the footage's; `contact.person` becomes the track that was seen in the touched
    person's place, -1 where none was. splits: in place of the footage's own.
    Raises AnnotationsUnreadable for a file of an earlier run that somebody has damaged.
    """
    store = SeenClips(folder, perception.name)
    keys = [store.key(clip) for clip in footage.clips]
    new = {key: clip for key, clip in zip(keys, footage.clips, strict=True) if not store.has(key)}
    if new:
        with progress(
            "looking for ball and players", sum(len(clip.frames) for clip in new.values())
        ) as advance:
            for key, clip in new.items():
                images = _images(clip, unreadable := set[int]())
                frames = perception.look(images, clip.frames, advance, clip.frame_rate_hz)
                store.put(key, clip, [_tagged(f, f.index in unreadable) for f in frames], perception.name)
    seen = [
        _labelled(clip, store.get(key), perception.name)
        for key, clip in zip(keys, footage.clips, strict=True)
    ]
    store.note_version(footage.clips, keys)
    lost = sum(UNREADABLE in frame.tags for clip in seen for frame in clip.frames)
    notes = (f"{lost} frames cannot be read; what is in them was inferred",) if lost else ()
    declared = footage.splits if splits is None else splits
    return Footage(seen, declared, footage.left_out, (*footage.notes, *notes))


def _images(clip: Clip, unreadable: set[int]) -> Iterator[Image | None]:
    """Pixels one at a time; frames that cannot be read are noted."""
    for frame, image in pictures(clip.frames):
        if isinstance(image, ImageUnreadable):
            unreadable.add(frame.index)
            yield None
        else:
            yield image


def _tagged(frame: Frame, is_unreadable: bool) -> Frame:
    return replace(frame, tags=(UNREADABLE,) if is_unreadable else ())


def _labelled(clip: Clip, seen: tuple[Frame, ...], perception: str) -> Clip:
    """What was seen, with the labels and media of the footage."""
    frames = tuple(
        replace(
            own,
            balls=other.balls,
            persons=other.persons,
            tags=tuple(dict.fromkeys(own.tags + other.tags)),
            width=other.width,
            height=other.height,
        )
        for own, other in zip(clip.frames, seen, strict=True)
    )
    provenance = replace(clip.provenance, annotator=perception, reviewed=False)
    return replace(clip, frames=frames, provenance=provenance, contact=_touched(clip, seen))


def _touched(clip: Clip, seen: tuple[Frame, ...]) -> Contact | None:
    """The touch, with the number that the touched person has among those who were seen."""
    if clip.contact is None or not clip.frames:
        return clip.contact
    at = min(range(len(seen)), key=lambda i: abs(clip.frames[i].index - clip.contact.frame))  # type: ignore[union-attr]
    touched = [p for p in clip.frames[at].persons if p.track == clip.contact.person]
    track = same_person(touched[0], seen[at].persons) if touched else None
    return replace(clip.contact, person=-1 if track is None else track)
