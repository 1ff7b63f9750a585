"""Predict the tracks of footage, and keep them on disk: each clip once, named by its pixels.

    tracks-<perception>/
        perception.json             which models and settings made these tracks
        clips/<clip>-<digest>.json  COCO video JSON of one clip, and its SHA-256; media are not copied
        versions/<digest>.json      which clips, with which labels, made up one dataset

Labels (facts, contact, tags) stay with the footage, so that correcting one does not repeat the inference.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from raasid.console.terminal import progress
from raasid.footage import coco_format
from raasid.footage.coco_format import AnnotationsUnreadable
from raasid.footage.frame_reader import read_frames
from raasid.footage.records import Clip, Contact, Footage, Frame, Provenance
from raasid.io.atomic import write_atomic
from raasid.io.drafts import remove_abandoned
from raasid.io.file_digests import CACHE_NAME, FileDigests, sha256_of
from raasid.io.image_reader import Image, ImageUnreadable
from raasid.perception.matching import find_same_person
from raasid.perception.tracker import PerceptionPipeline

UNREADABLE = "unreadable"
"""Tag of a frame whose pixels cannot be read; its content is interpolated."""
_LAYOUT = 2


def predict_tracks(
    footage: Footage, perception: PerceptionPipeline, folder: Path, splits: dict[str, list[str]] | None = None
) -> Footage:
    """Return the same clips with the balls and persons that `perception` predicts.

    Each clip is processed once and kept below `folder / tracks-<perception>`, so that a killed run continues
    where it was, and larger footage costs only its new clips. Facts, tags, events and rulings are the
    footage's; `contact.person` becomes the track that is predicted at the touched person's position, -1
    without one. splits: in place of the footage's own.
    Damaged tracks of an earlier run are predicted again. Raises FileUnreadable.
    """
    store = PredictedTrackStore(folder, perception.name)
    media = (frame.image for clip in footage.clips for frame in clip.frames)
    digests = FileDigests(folder / CACHE_NAME).of(media, "digesting images and videos")
    keys = [clip_key(clip, digests) for clip in footage.clips]
    tracks = {key: store.get(key) for key in keys}
    new = {key: clip for key, clip in zip(keys, footage.clips, strict=True) if tracks[key] is None}
    if new:
        with progress("tracking ball and players", sum(len(clip.frames) for clip in new.values())) as update:
            for key, clip in new.items():
                images = _images(clip, unreadable := set[int]())
                frames = perception.track(images, clip.frames, update, clip.frame_rate_hz)
                tagged = [_tag_unreadable(f, f.index in unreadable) for f in frames]
                tracks[key] = store.put(key, clip, tagged, perception.name)
    predicted = [
        _with_labels(clip, tracks[key] or (), perception.name)
        for key, clip in zip(keys, footage.clips, strict=True)
    ]
    store.note_version(footage.clips, keys)
    count = sum(UNREADABLE in frame.tags for clip in predicted for frame in clip.frames)
    notes = (f"{count} frames cannot be read; what is in them was inferred",) if count else ()
    declared = footage.splits if splits is None else splits
    return Footage(predicted, declared, footage.quarantine, (*footage.notes, *notes))


class PredictedTrackStore:
    """Tracks of one perception pipeline, below `folder`."""

    def __init__(self, folder: Path, perception: str) -> None:
        digest = hashlib.sha256(f"{_LAYOUT} {perception}".encode()).hexdigest()[:12]
        self.home = folder.absolute() / f"tracks-{digest}"
        self._clips = self.home / "clips"
        self._clips.mkdir(parents=True, exist_ok=True)
        _write_once(self.home / "perception.json", {"format": _LAYOUT, "perception": perception})
        remove_abandoned(self._clips)
        self._digests: dict[str, list[str]] = {}
        for path in sorted(self._clips.glob("*-*.json")):
            key, _, digest = path.stem.partition("-")
            self._digests.setdefault(key, []).append(digest)

    def get(self, key: str) -> tuple[Frame, ...] | None:
        """Return the predicted frames of a clip; None if they are not stored, or damaged."""
        for digest in self._digests.get(key, ()):
            with suppress(AnnotationsUnreadable):
                (clip,) = coco_format.read(self._clips, f"{key}-{digest}.json", False, digest)
                return clip.frames
        return None

    def put(self, key: str, clip: Clip, frames: Sequence[Frame], perception: str) -> tuple[Frame, ...]:
        """Store predicted frames, in a file that appears complete or not at all; return them as stored."""
        referred = tuple(
            replace(frame, image=Path(os.path.relpath(frame.image.absolute(), self._clips)))
            for frame in frames
        )
        provenance = Provenance(clip.provenance.source, clip.provenance.license, perception)
        bare = Clip(clip.id, referred, provenance, clip.frame_rate_hz)
        path = coco_format.write([bare], self._clips, f"{key}.json")
        digest = sha256_of(path)
        path.replace(self._clips / f"{key}-{digest}.json")
        self._digests[key] = [digest]
        stored = self.get(key)
        assert stored is not None
        return stored

    def note_version(self, clips: Sequence[Clip], keys: Sequence[str]) -> str:
        """Record which clips with which labels form one dataset; return the version's digest."""
        labels = [
            repr((clip.id, clip.match, clip.contact, sorted(clip.facts.items()), clip.tags)) for clip in clips
        ]
        digest = hashlib.sha256("\n".join([*keys, *labels]).encode()).hexdigest()[:12]
        listed = {clip.id: key for clip, key in zip(clips, keys, strict=True)}
        _write_once(self.home / "versions" / f"{digest}.json", {"format": _LAYOUT, "clips": listed})
        return digest


def clip_key(clip: Clip, digests: Mapping[Path, str]) -> str:
    """Return the name of a clip by what its tracks depend on: pixels, frame indices and frame rate.

    digests: SHA-256 of its files, without those that are missing.
    """
    digest = hashlib.sha256(f"{clip.frame_rate_hz}".encode())
    for frame in clip.frames:
        content = digests.get(frame.image) or f"missing {frame.image.name}"
        digest.update(os.fsencode(f"\n{content} {frame.index} {frame.in_video}"))
    return digest.hexdigest()[:24]


def _write_once(path: Path, content: dict[str, object]) -> None:
    if not path.exists():
        write_atomic(path, json.dumps(content, indent=1) + "\n")


def _images(clip: Clip, unreadable: set[int]) -> Iterator[Image | None]:
    """Yield images one at a time; add the indices of unreadable frames to `unreadable`."""
    for frame, image in read_frames(clip.frames):
        if isinstance(image, ImageUnreadable):
            unreadable.add(frame.index)
            yield None
        else:
            yield image


def _tag_unreadable(frame: Frame, is_unreadable: bool) -> Frame:
    return replace(frame, tags=(UNREADABLE,) if is_unreadable else ())


def _with_labels(clip: Clip, predicted: tuple[Frame, ...], perception: str) -> Clip:
    """Return the predicted tracks with the labels and media of the footage."""
    frames = tuple(
        replace(
            own,
            balls=other.balls,
            persons=other.persons,
            tags=tuple(dict.fromkeys(own.tags + other.tags)),
            width=other.width,
            height=other.height,
        )
        for own, other in zip(clip.frames, predicted, strict=True)
    )
    provenance = replace(clip.provenance, annotator=perception, reviewed=False)
    return replace(clip, frames=frames, provenance=provenance, contact=_predicted_contact(clip, predicted))


def _predicted_contact(clip: Clip, predicted: tuple[Frame, ...]) -> Contact | None:
    """Return the touch with the predicted track of the touched person."""
    if clip.contact is None or not clip.frames:
        return clip.contact
    at = min(range(len(predicted)), key=lambda i: abs(clip.frames[i].index - clip.contact.frame))  # type: ignore[union-attr]
    touched = [p for p in clip.frames[at].persons if p.track == clip.contact.person]
    track = find_same_person(touched[0], predicted[at].persons) if touched else None
    return replace(clip.contact, person=-1 if track is None else track)
