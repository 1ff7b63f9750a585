"""Reads Label Studio JSON exports: images with boxes and keypoints, videos with tracks, choices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raasid.console.terminal import progress
from raasid.errors import DataRootMissing
from raasid.footage.formats.coco_rows import without_suffix
from raasid.footage.formats.file_search import walk_files
from raasid.footage.formats.footage_builder import assign_matches, build_footage
from raasid.footage.formats.label_names import parse_ruling
from raasid.footage.formats.labelstudio_regions import RegionContext, image_records, track_records
from raasid.footage.formats.labelstudio_tasks import (
    ChosenAnnotation,
    TaskMedia,
    choose_annotation,
    task_media,
)
from raasid.footage.formats.media_lookup import (
    ImageLookup,
    VideoLookup,
)
from raasid.footage.formats.parsing.json_reader import JsonUnreadable, json_entries
from raasid.footage.formats.parsing.values import (
    MAX_EDGE_PX,
    ValueUnusable,
    integer,
    label,
    mapping,
    number,
    sequence,
    short_repr,
)
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Ball, Clip, Footage, Frame, Person, Provenance
from raasid.io.video_reader import VideoUnreadable

EXPECTED = "JSON files as Label Studio exports them: lists of tasks"
PER_CENT = (100, 100)
"""Width and height that a video of unknown size gets, so that its regions keep their numbers."""
UNSIZED = "size_unknown"
"""Tag of its clip."""
_PICTURED = ("rectanglelabels", "keypointlabels")


@dataclass(slots=True)
class _Reading:
    """What stays the same from task to task."""

    root: Path
    ball_class: str | None
    frame_rate_hz: float
    video_size: tuple[int, int] | None
    quarantine: Quarantine
    files: ImageLookup
    videos: VideoLookup
    unused: Counter[str] = field(default_factory=Counter)
    unsized: list[str] = field(default_factory=list)
    """Videos of unknown size."""
    num_unannotated: int = 0
    """Tasks without annotations."""

    @property
    def folders(self) -> list[Path]:
        inner = [self.root / name for name in ("images", "videos", "upload", "media")]
        return [self.root, *(folder for folder in inner if folder.is_dir())]


def read(
    root: Path,
    ball_class: str | None = "ball",
    frame_rate_hz: float = 25.0,
    video_size: tuple[int, int] | None = None,
) -> Footage:
    """Read every export at or below a folder; each task is a clip.

    Of several annotations the ground truth counts, else the newest that was not cancelled; predictions
    count where there is none, marked as not reviewed. Choices become tags, or the clip's ruling.
    Frames of videos are counted from 0 here, from 1 in the file; only those with a region are read.
    Matches of images are as `match_grouping.group_by_match` returns them.
    ball_class: the ball's label; `ball` includes common synonyms, None if there is none.
    frame_rate_hz: of missing videos and whose duration the file does not tell.
    video_size: width and height in pixels of missing videos. Without it, and where the file
    does not tell, they count as 100 x 100, since regions are in per cent; the clip is tagged `size_unknown`.
    Raises DataRootMissing, NoUsableSamples; JsonUnreadable when nothing of the only file can be read.
    Source: Label Studio documentation, JSON export and video regions.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    quarantine = Quarantine()
    reading = _Reading(
        root,
        ball_class,
        frame_rate_hz,
        video_size,
        quarantine,
        ImageLookup(root, quarantine),
        VideoLookup(root),
    )
    clips: list[Clip] = []
    failure: JsonUnreadable | None = None
    paths = [
        path for path in walk_files(root) if path.suffix.lower() == ".json" and path.name != "scenes.json"
    ]
    with progress(f"reading {root.name or root}", total=len(paths)) as update:
        for path in paths:
            try:
                clips += _document(path, reading)
            except JsonUnreadable as error:
                failure = error
                quarantine.add(reading.files.relative(path), error.reason, error.line)
            update(1)
    if failure is not None and not clips and len(paths) == 1:
        raise failure
    clips, missing = reading.files.drop_missing_images(clips)
    clips, notes = assign_matches(root, clips, {})
    notes += [*missing, *reading.videos.notes()]
    if reading.unsized:
        count = f"{len(reading.unsized)} videos are of unknown size, such as {reading.unsized[0]}"
        notes.append(f"{count}: their places are in per cent, as of 100 x 100; set data.video_size=[w,h]")
    if reading.num_unannotated:
        notes.append(f"{reading.num_unannotated} tasks are not annotated and not used")
    if reading.unused:
        named = ", ".join(f"{what} ({count})" for what, count in reading.unused.most_common(5))
        notes.append(f"{reading.unused.total()} regions are neither ball nor person and not used: {named}")
    return build_footage(root, clips, {}, quarantine, notes, EXPECTED)


def _document(path: Path, reading: _Reading) -> Iterable[Clip]:
    """Yield the clips of a file; what comes before an error in it is yielded."""
    name = reading.files.relative(path)
    for key, line, entry in json_entries(path):
        if key:
            reading.quarantine.add(name, f"no list of tasks: an object with the key {short_repr(key)}", line)
            return
        try:
            clip = _task(mapping(entry, "task"), reading, name, line)
        except ValueUnusable as error:
            reading.quarantine.add(name, str(error), line)
        except VideoUnreadable as error:
            reading.quarantine.add(name, f"its video cannot be read: {error.reason}", line)
        else:
            if clip is not None:
                yield clip


def _task(task: Mapping[str, Any], reading: _Reading, name: str, line: int) -> Clip | None:
    media = task_media(task.get("data"))
    annotation = choose_annotation(task)
    if annotation is None:
        reading.num_unannotated += 1
        return None

    def reject(reason: str) -> None:
        reading.quarantine.add(name, reason, line)

    build = _video if media.video else _image
    frames, rate = build(media, annotation, reading, reject)
    if not frames:
        return None
    try:
        ruling, tags = parse_ruling(_choices(annotation))
    except ValueUnusable as error:
        reject(str(error))
        ruling, tags = None, ()
    if media.video and (frames[0].width, frames[0].height) == PER_CENT:
        tags = (*tags, UNSIZED)
    provenance = Provenance(f"labelstudio:{reading.root.resolve().name}", annotator=annotation.annotator)
    return Clip(without_suffix(media.names[0]), frames, provenance, rate, tags=tags, ruling=ruling)


def _choices(annotation: ChosenAnnotation) -> Iterable[str]:
    for result in annotation.results:
        if result.get("type") == "choices":
            value = mapping(result.get("value"), "value")
            for choice in sequence(value.get("choices"), "choices"):
                yield label(choice, "choice")


def _image(
    media: TaskMedia, annotation: ChosenAnnotation, reading: _Reading, reject: Any
) -> tuple[tuple[Frame, ...], float]:
    names = [Path(each) for each in media.names]
    placed = reading.files.find(names[0], reading.folders, (0, 0), *names[1:])
    if placed is None:
        return (), 0.0
    path, width, height = placed
    size = (width, height) if width and height else _size(annotation.results, reject)
    regions = [result for result in annotation.results if result.get("type") in _PICTURED]
    if regions and not all(size):
        raise ValueUnusable(
            f"size of the picture unknown: no original_width for {short_repr(media.names[0])}"
        )
    context = RegionContext(size, reading.ball_class, annotation.source)
    balls, persons = image_records(regions, context, reject, reading.unused)
    return (Frame(0, path, *size, balls, persons),), reading.frame_rate_hz


def _size(results: Iterable[Mapping[str, Any]], reject: Any) -> tuple[int, int]:
    for result in results:
        if "original_width" in result:
            try:
                return (
                    integer(result["original_width"], "original_width", 1, MAX_EDGE_PX),
                    integer(result.get("original_height"), "original_height", 1, MAX_EDGE_PX),
                )
            except ValueUnusable as error:
                reject(str(error))
    return 0, 0


def _video(
    media: TaskMedia, annotation: ChosenAnnotation, reading: _Reading, reject: Any
) -> tuple[tuple[Frame, ...], float]:
    path, header = reading.videos.find(media.names[0], reading.folders, *media.names[1:])
    size = (
        (header.width, header.height) if header else reading.video_size or _size(annotation.results, reject)
    )
    regions = [result for result in annotation.results if result.get("type") == "videorectangle"]
    if regions and not all(size):
        size = PER_CENT
        reading.unsized.append(media.names[0])
    balls: dict[int, list[Ball]] = {}
    persons: dict[int, list[Person]] = {}
    context = RegionContext(size, reading.ball_class, annotation.source)
    for number_, region in enumerate(regions):
        try:
            found = track_records(region, number_, context, reject)
        except ValueUnusable as error:
            reject(str(error))
            continue
        if isinstance(found, str):
            reading.unused[f"track {found}"] += 1
            continue
        for index, record in found.items():
            if isinstance(record, Ball):
                balls.setdefault(index, []).append(record)
            else:
                persons.setdefault(index, []).append(record)
    rate = header.frame_rate_hz if header else _rate(regions) or reading.frame_rate_hz
    frames = tuple(
        Frame(index, path, *size, tuple(balls.get(index, ())), tuple(persons.get(index, ())), in_video=True)
        for index in sorted(balls.keys() | persons.keys())
        if header is None or index < header.num_frames
    )
    # a video of which only choices are known is one frame long here: its first
    return frames or (Frame(0, path, *size, in_video=True),), rate


def _rate(regions: Iterable[Mapping[str, Any]]) -> float | None:
    for region in regions:
        try:
            value = mapping(region.get("value"), "value")
            frames = integer(value.get("framesCount"), "framesCount", 1)
            return number(
                frames / number(value.get("duration"), "duration", 1e-3, 1e6), "frame rate", 0.1, 1000
            )
        except ValueUnusable:
            continue
    return None
