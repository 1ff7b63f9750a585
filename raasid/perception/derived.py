"""Footage as two models see it: predicted tracks in place of annotated ones, everything else as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from raasid.console import progress
from raasid.data.footage import Footage
from raasid.data.image_probe import ImageUnreadable
from raasid.data.media import Image, pictures
from raasid.data.records import Clip, Contact, Frame
from raasid.perception.perception import Perception
from raasid.perception.same_persons import same_person
from raasid.perception.seen_clips import SeenClips

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
