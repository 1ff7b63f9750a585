"""Annotations on disk: COCO video JSON beside the frames.

`videos`, `images`, `annotations` and `categories` are as COCO and its video offspring have them, so that
pycocotools, FiftyOne and CVAT read the file. What COCO has no place for stands under the key `raasid`
of the entry it belongs to. Sources: COCO data format (cocodataset.org), TAO and YouTube-VIS for videos.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from math import pi
from pathlib import Path
from typing import Any

from raasid.data.records import Ball, Clip, Contact, Frame, Keypoint, Person, Provenance, Visibility
from raasid.errors import DataError

FILE_NAME = "annotations.json"
FORMAT_VERSION = 1
_PARTS = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_SIDED = [f"{side}_{part}" for part in _PARTS for side in ("left", "right")]
KEYPOINTS = ["nose", *_SIDED]
_SKELETON = [
    [16, 14],
    [14, 12],
    [17, 15],
    [15, 13],
    [12, 13],
    [6, 12],
    [7, 13],
    [6, 7],
    [6, 8],
    [7, 9],
    [8, 10],
]
_SKELETON += [[9, 11], [2, 3], [1, 2], [1, 3], [2, 4], [3, 5], [4, 6], [5, 7]]
_PERSON, _BALL = 1, 2
_BODY_SHARE = 0.53
"""Area of a person over that of the box, where nobody outlined the person; OKS needs an area."""

Json = dict[str, Any]


class AnnotationsUnreadable(DataError):
    """A file of annotations that is missing, torn, or not ours."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


def write(clips: Sequence[Clip], folder: Path, name: str = FILE_NAME) -> Path:
    """Write the clips' annotations to `folder / name`, whole or not at all; return the file.

    Images are named relative to `folder`; relative paths are taken to be so already.

    Raises
    ------
    AnnotationsUnreadable
        An image lies outside `folder`, or a number is not finite.
    """
    path = folder / name
    try:
        text = json.dumps(_encode(clips, folder), separators=(",", ":"), allow_nan=False)
    except ValueError as reason:
        raise AnnotationsUnreadable(path, f"cannot be written: {reason}; correct that record") from reason
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{name}.{secrets.token_hex(6)}"
    try:
        with draft.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def read(folder: Path, name: str = FILE_NAME) -> list[Clip]:
    """Clips as they were written, in order; image paths start with `folder`.

    Raises
    ------
    AnnotationsUnreadable
        The file is missing, is not JSON, or lacks what a clip needs.
    """
    path = folder / name
    try:
        return _decode(json.loads(path.read_text(encoding="utf-8")), folder)
    except OSError as reason:
        raise AnnotationsUnreadable(path, f"cannot be read: {reason.strerror}") from reason
    except ValueError as reason:
        raise AnnotationsUnreadable(path, f"is not what `write` leaves: {reason}; write it again") from reason
    except (KeyError, TypeError, IndexError) as reason:
        raise AnnotationsUnreadable(
            path, f"lacks {reason}; only files that `write` made can be read"
        ) from reason


def _encode(clips: Sequence[Clip], folder: Path) -> Json:
    videos: list[Json] = []
    images: list[Json] = []
    annotations: list[Json] = []
    for video_id, clip in enumerate(clips, start=1):
        videos.append({"id": video_id, "name": clip.id, "raasid": _clip_json(clip)})
        for position, frame in enumerate(clip.frames):
            image_id = len(images) + 1
            entries = [_ball_json(ball, rank) for rank, ball in enumerate(frame.balls)]
            absent = [e for e in entries if e["raasid"]["visibility"] == Visibility.ABSENT]
            shown = [e for e in entries if e["raasid"]["visibility"] != Visibility.ABSENT]
            shown += [_person_json(person, rank) for rank, person in enumerate(frame.persons)]
            extra: Json = {"index": frame.index, "tags": list(frame.tags)}
            if absent:
                extra["absent_balls"] = [{**e["raasid"], "bbox": e["bbox"]} for e in absent]
            images.append(
                {
                    "id": image_id,
                    "file_name": _relative(frame.image, folder),
                    "width": frame.width,
                    "height": frame.height,
                    "video_id": video_id,
                    "frame_id": position,
                    "raasid": extra,
                }
            )
            for entry in shown:
                place = {"id": len(annotations) + 1, "image_id": image_id, "video_id": video_id}
                annotations.append({**place, "iscrowd": 0, **entry})
    categories = [
        {
            "id": _PERSON,
            "name": "person",
            "supercategory": "person",
            "keypoints": KEYPOINTS,
            "skeleton": _SKELETON,
        },
        {"id": _BALL, "name": "ball", "supercategory": "object"},
    ]
    info = {"description": "football footage", "raasid": {"format": FORMAT_VERSION}}
    return {
        "info": info,
        "videos": videos,
        "images": images,
        "annotations": annotations,
        "categories": categories,
    }


def _clip_json(clip: Clip) -> Json:
    contact = None if clip.contact is None else asdict(clip.contact)
    return {
        "provenance": asdict(clip.provenance),
        "frame_rate_hz": clip.frame_rate_hz,
        "contact": contact,
        "facts": clip.facts,
        "tags": list(clip.tags),
    }


def _ball_json(ball: Ball, rank: int) -> Json:
    # the centre is kept as well: a corner and a width do not give it back to the last bit
    extra = {"rank": rank, "visibility": int(ball.visibility), "center": [ball.x, ball.y]}
    entry: Json = {
        "category_id": _BALL,
        "bbox": [ball.x - ball.w / 2, ball.y - ball.h / 2, ball.w, ball.h],
        "area": pi / 4 * ball.w * ball.h,
        "raasid": extra,
    }
    return entry if ball.visible else {**entry, "ignore": 1}


def _person_json(person: Person, rank: int) -> Json:
    entry: Json = {
        "category_id": _PERSON,
        "bbox": list(person.box),
        "area": _BODY_SHARE * person.box[2] * person.box[3],
        "track_id": person.track,
        "raasid": {"rank": rank, "role": person.role, "team": person.team, "area_estimated": True},
    }
    if person.keypoints:
        entry["keypoints"] = [number for point in person.keypoints for number in point]
        entry["num_keypoints"] = sum(point[2] > 0 for point in person.keypoints)
    return entry


def _relative(image: Path, folder: Path) -> str:
    if not image.is_absolute() and not folder.is_absolute() and image.is_relative_to(folder):
        return image.relative_to(folder).as_posix()
    if not image.is_absolute():
        return image.as_posix()
    inside, root = image.absolute(), folder.absolute()
    if not inside.is_relative_to(root):
        raise ValueError(f"image {image} lies outside {folder}")
    return inside.relative_to(root).as_posix()


def _decode(data: Json, folder: Path) -> list[Clip]:
    version = data["info"]["raasid"]["format"]
    if version != FORMAT_VERSION:
        raise ValueError(f"format {version}, expected {FORMAT_VERSION}")
    of_image: dict[int, list[Json]] = {entry["id"]: [] for entry in data["images"]}
    for annotation in data["annotations"]:
        of_image[annotation["image_id"]].append(annotation)
    of_video: dict[int, list[Json]] = {entry["id"]: [] for entry in data["videos"]}
    for image in data["images"]:
        of_video[image["video_id"]].append(image)
    clips: list[Clip] = []
    for video in data["videos"]:
        extra = video["raasid"]
        images = sorted(of_video[video["id"]], key=lambda entry: int(entry["frame_id"]))
        clips.append(
            Clip(
                id=video["name"],
                frames=tuple(_frame(image, of_image[image["id"]], folder) for image in images),
                provenance=Provenance(**extra["provenance"]),
                frame_rate_hz=extra["frame_rate_hz"],
                contact=None if extra["contact"] is None else Contact(**extra["contact"]),
                facts=extra["facts"],
                tags=tuple(extra["tags"]),
            )
        )
    return clips


def _frame(image: Json, annotations: list[Json], folder: Path) -> Frame:
    extra = image["raasid"]
    balls = [{**e["raasid"], "bbox": e["bbox"]} for e in annotations if e["category_id"] == _BALL]
    balls += extra.get("absent_balls", [])
    persons = [e for e in annotations if e["category_id"] == _PERSON]
    return Frame(
        index=extra["index"],
        image=folder / image["file_name"],
        width=image["width"],
        height=image["height"],
        balls=tuple(_ball(e) for e in sorted(balls, key=lambda e: int(e["rank"]))),
        persons=tuple(_person(e) for e in sorted(persons, key=lambda e: int(e["raasid"]["rank"]))),
        tags=tuple(extra["tags"]),
    )


def _ball(entry: Json) -> Ball:
    (x, y), (_, _, w, h) = entry["center"], entry["bbox"]
    return Ball(x, y, w, h, Visibility(entry["visibility"]))


def _person(entry: Json) -> Person:
    flat = entry.get("keypoints", [])
    points: list[Keypoint] = [(x, y, v) for x, y, v in zip(flat[::3], flat[1::3], flat[2::3], strict=True)]
    x, y, w, h = entry["bbox"]
    extra = entry["raasid"]
    return Person(entry["track_id"], extra["role"], (x, y, w, h), extra["team"], tuple(points))
