"""From entries of COCO video JSON, as `coco_encode` makes them, back to records.

A file that `coco_video` wrote, in a folder of the user's: believed no more than any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from raasid.footage.coco_encoder import BALL, PERSON
from raasid.footage.records import (
    AnnotationSource,
    Ball,
    Clip,
    Contact,
    Event,
    Frame,
    Keypoint,
    Person,
    Provenance,
    Visibility,
)
from raasid.laws.edition import Ruling

Json = dict[str, Any]
Ranked = tuple[int, Ball] | tuple[int, Person]


class Decoder:
    """Takes entries one by one, so that the JSON of a large file is never in memory as a whole.

    Raises KeyError, TypeError, ValueError or IndexError for an entry that lacks what a record needs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._balls: defaultdict[int, list[tuple[int, Ball]]] = defaultdict(list)
        self._persons: defaultdict[int, list[tuple[int, Person]]] = defaultdict(list)
        self._marks: dict[tuple[Any, ...], AnnotationSource] = {}
        self._known_images: set[int] = set()

    def clips(
        self, videos: Iterable[Json], images: Iterable[Json], annotations: Iterable[Json]
    ) -> list[Clip]:
        """Clips in the order of `videos`."""
        listed = list(videos)
        frames_of: dict[int, list[Json]] = {video["id"]: [] for video in listed}
        for image in images:
            frames_of[image["video_id"]].append(image)
            self._known_images.add(image["id"])
        for annotation in annotations:
            self._take(annotation)
        return [self._clip(video, frames_of.pop(video["id"])) for video in listed]

    def _take(self, entry: Json) -> None:
        image, extra = entry["image_id"], entry["raasid"]
        if image not in self._known_images:
            raise KeyError(f"image {image} of annotation {entry['id']}")
        if entry["category_id"] == BALL:
            self._balls[image].append((int(extra["rank"]), self._ball(extra, entry["bbox"])))
        elif entry["category_id"] == PERSON:
            self._persons[image].append((int(extra["rank"]), self._person(entry)))

    def _clip(self, video: Json, images: list[Json]) -> Clip:
        extra = video["raasid"]
        ruling = extra.get("ruling")
        images.sort(key=lambda image: int(image["frame_id"]))
        return Clip(
            id=video["name"],
            frames=tuple(map(self._frame, images)),
            provenance=Provenance(**extra["provenance"]),
            frame_rate_hz=extra["frame_rate_hz"],
            contact=None if extra["contact"] is None else Contact(**extra["contact"]),
            facts=extra["facts"],
            tags=tuple(extra["tags"]),
            events=tuple(
                Event(e["frame"], e["label"], e["team"], tuple(e["attributes"]))
                for e in extra.get("events", ())
            ),
            ruling=None if ruling is None else Ruling(**ruling),
        )

    def _frame(self, image: Json) -> Frame:
        extra = image["raasid"]
        balls = self._balls.pop(image["id"], [])
        balls += [(int(e["rank"]), self._ball(e, e["bbox"])) for e in extra.get("absent_balls", ())]
        persons = self._persons.pop(image["id"], [])
        return Frame(
            index=extra["index"],
            image=self._folder / image["file_name"],
            width=image["width"],
            height=image["height"],
            balls=tuple(ball for _, ball in sorted(balls, key=lambda pair: pair[0])),
            persons=tuple(person for _, person in sorted(persons, key=lambda pair: pair[0])),
            tags=tuple(extra["tags"]),
            in_video=extra.get("in_video", False),
        )

    def _ball(self, extra: Json, box: list[float]) -> Ball:
        (x, y), (_, _, w, h) = extra["center"], box
        return Ball(x, y, w, h, Visibility(extra["visibility"]), self._mark(extra))

    def _person(self, entry: Json) -> Person:
        flat, extra = entry.get("keypoints", ()), entry["raasid"]
        points: list[Keypoint] = [
            (x, y, v) for x, y, v in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
        ]
        x, y, w, h = entry["bbox"]
        place = extra.get("pitch_xy_m")
        return Person(
            track=entry["track_id"],
            role=extra["role"],
            box=(x, y, w, h),
            team=extra["team"],
            keypoints=tuple(points),
            area=None if extra.get("area_estimated") else entry["area"],
            jersey=extra.get("jersey"),
            pitch_xy_m=None if place is None else (place[0], place[1]),
            crowd=bool(entry["iscrowd"]),
            mark=self._mark(extra),
        )

    def _mark(self, extra: Json) -> AnnotationSource | None:
        """Equal marks are one object: there are few sources and many annotations."""
        if (given := extra.get("mark")) is None:
            return None
        mark = AnnotationSource(**given)
        return self._marks.setdefault((mark.source, mark.confidence, mark.reviewed), mark)


# Unlike the checks of foreign files, these refuse what would have to be converted: "3" for 3, 3.0 for 3.
