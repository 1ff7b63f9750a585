"""Encodes clips as the entries of COCO video JSON.

What COCO has no key for is under the key `raasid` of its entry; values equal to the record's default are left
out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import pi
from pathlib import Path
from typing import Any

from raasid.footage.keypoints import KEYPOINTS, SKELETON
from raasid.footage.records import AnnotationSource, Ball, Clip, Frame, Person, Visibility

FORMAT_VERSION = 1
PERSON, BALL = 1, 2
BODY_SHARE = 0.53
"""Area of a person relative to the box, where no outline is annotated; OKS needs an area."""

Json = dict[str, Any]
CATEGORIES: list[Json] = [
    {
        "id": PERSON,
        "name": "person",
        "supercategory": "person",
        "keypoints": list(KEYPOINTS),
        "skeleton": [[a + 1, b + 1] for a, b in SKELETON],
    },
    {"id": BALL, "name": "ball", "supercategory": "object"},
]
INFO: Json = {"description": "football footage", "raasid": {"format": FORMAT_VERSION}}


def video_entries(clips: Sequence[Clip]) -> Iterator[Json]:
    """Yield one entry per clip, numbered from 1."""
    for number, clip in enumerate(clips, start=1):
        extra: Json = {
            "provenance": asdict(clip.provenance),
            "frame_rate_hz": clip.frame_rate_hz,
            "contact": None if clip.contact is None else asdict(clip.contact),
            "facts": clip.facts,
            "tags": list(clip.tags),
        }
        if clip.events:
            extra["events"] = [asdict(event) for event in clip.events]
        if clip.ruling is not None:
            extra["ruling"] = asdict(clip.ruling)
        yield {"id": number, "name": clip.id, "raasid": extra}


def image_entries(clips: Sequence[Clip], folder: Path) -> Iterator[Json]:
    """Yield one entry per frame, numbered from 1 across clips; ValueError for a file outside `folder`."""
    number = 0
    for video, clip in enumerate(clips, start=1):
        for position, frame in enumerate(clip.frames):
            number += 1
            extra: Json = {"index": frame.index, "tags": list(frame.tags)}
            if frame.in_video:
                extra["in_video"] = True
            absent = [(rank, b) for rank, b in enumerate(frame.balls) if b.visibility == Visibility.ABSENT]
            if absent:
                entries = [_ball(ball, rank) for rank, ball in absent]
                extra["absent_balls"] = [{**e["raasid"], "bbox": e["bbox"]} for e in entries]
            yield {
                "id": number,
                "file_name": _relative(frame.image, folder),
                "width": frame.width,
                "height": frame.height,
                "video_id": video,
                "frame_id": position,
                "raasid": extra,
            }


def annotation_entries(clips: Sequence[Clip]) -> Iterator[Json]:
    """Yield one entry per person and per ball that is in the image, numbered from 1."""
    image, number = 0, 0
    for video, clip in enumerate(clips, start=1):
        for frame in clip.frames:
            image += 1
            for entry in _entries(frame):
                number += 1
                yield {"id": number, "image_id": image, "video_id": video, "iscrowd": 0, **entry}


def _entries(frame: Frame) -> Iterator[Json]:
    for rank, ball in enumerate(frame.balls):
        if ball.visibility != Visibility.ABSENT:
            yield _ball(ball, rank)
    for rank, person in enumerate(frame.persons):
        yield _person(person, rank)


def _ball(ball: Ball, rank: int) -> Json:
    # The centre is stored as well: it cannot be computed back from the box to the last bit.
    extra: Json = {"rank": rank, "visibility": int(ball.visibility), "center": [ball.x, ball.y]}
    entry: Json = {
        "category_id": BALL,
        "bbox": [ball.x - ball.w / 2, ball.y - ball.h / 2, ball.w, ball.h],
        "area": pi / 4 * ball.w * ball.h,
        "raasid": {**extra, **_source(ball.source)},
    }
    return entry if ball.visible else {**entry, "ignore": 1}


def _person(person: Person, rank: int) -> Json:
    extra: Json = {"rank": rank, "role": person.role, "team": person.team}
    if person.area is None:
        extra["area_estimated"] = True
    if person.jersey is not None:
        extra["jersey"] = person.jersey
    if person.pitch_xy_m is not None:
        extra["pitch_xy_m"] = list(person.pitch_xy_m)
    entry: Json = {
        "category_id": PERSON,
        "bbox": list(person.box),
        "area": BODY_SHARE * person.box[2] * person.box[3] if person.area is None else person.area,
        "track_id": person.track,
        "raasid": {**extra, **_source(person.source)},
    }
    if person.crowd:
        entry["iscrowd"] = 1
    if person.keypoints:
        entry["keypoints"] = [number for point in person.keypoints for number in point]
        entry["num_keypoints"] = sum(point[2] > 0 for point in person.keypoints)
    return entry


def _source(source: AnnotationSource | None) -> Json:
    if source is None:
        return {}
    return {"mark": {"source": source.name, "confidence": source.confidence, "reviewed": source.reviewed}}


def _relative(image: Path, folder: Path) -> str:
    if not image.is_absolute() and not folder.is_absolute() and image.is_relative_to(folder):
        return image.relative_to(folder).as_posix()
    if not image.is_absolute():
        return image.as_posix()
    inside, root = image.absolute(), folder.absolute()
    if not inside.is_relative_to(root):
        raise ValueError(f"image {image} lies outside {folder}")
    return inside.relative_to(root).as_posix()
