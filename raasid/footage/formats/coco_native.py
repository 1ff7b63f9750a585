"""COCO video JSON with the records of this package: imported with the checks of a reader, and exported."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

from raasid.footage import coco_format
from raasid.footage.coco_format import AnnotationsUnreadable
from raasid.footage.formats.export_media import export_frames
from raasid.footage.formats.parsing.values import ValueUnusable, safe_join, text
from raasid.footage.records import Clip, Footage, Frame, Provenance
from raasid.laws.facts import FactsUnreadable, read_facts


def read_native(path: Path) -> list[Clip]:
    """Return the clips of a file in our own format.

    Raises AnnotationsUnreadable, also for names and facts that no reader would have accepted.
    """
    clips = coco_format.read(path.parent, path.name)
    try:
        for clip in clips:
            _check_texts(clip, path.parent)
            read_facts(clip.facts)
    except (ValueUnusable, FactsUnreadable) as error:
        raise AnnotationsUnreadable(path, f"is not what `write` leaves: {error}; write it again") from error
    return clips


def _check_texts(clip: Clip, folder: Path) -> None:
    text(clip.id, "clip id")
    optional = {field.name: getattr(clip.provenance, field.name) for field in fields(Provenance)}
    if clip.ruling is not None:
        optional |= {"clause": clip.ruling.clause, "edition": clip.ruling.edition}
    optional |= {f"event {number}": event.team for number, event in enumerate(clip.events)}
    for what, value in optional.items():
        if isinstance(value, str):
            text(value, what, empty=True)
    for tag in clip.tags:
        text(tag, "tag")
    for event in clip.events:
        for name in (event.label, *event.attributes):
            text(name, "event")
    for image in {frame.image for frame in clip.frames}:
        safe_join(folder, image.relative_to(folder).as_posix(), "file_name")
    for frame in clip.frames:
        for tag in frame.tags:
            text(tag, "tag")
        for source in {record.source for records in (frame.balls, frame.persons) for record in records}:
            if source is not None:
                text(source.name, "source")
        for person in frame.persons:
            text(person.team or "", "team", empty=True)
            text(person.jersey or "", "jersey", empty=True)


def write_coco(footage: Footage, folder: Path) -> int:
    """Write images and annotations; ids of images and annotations count from 1 in the footage's order.

    The file is COCO video JSON: tools that know images alone find them, others find `videos` as well.
    Source: COCO data format (cocodataset.org).
    """
    frames: dict[str, list[Frame]] = {clip.id: [] for clip in footage.clips}
    count = 0
    for placed in export_frames(footage, folder, "images"):
        frames[placed.clip.id].append(
            replace(placed.frame, image=Path("images", placed.name), in_video=False)
        )
        count += 1
    clips = [replace(clip, frames=tuple(frames[clip.id])) for clip in footage.clips if frames[clip.id]]
    coco_format.write(clips, folder)
    return count
