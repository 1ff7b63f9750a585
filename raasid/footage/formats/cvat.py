"""Reads CVAT's XML, version 1.1: tasks of images, and tracks of videos.

One XML file of CVAT while it is read: images as they end, tracks until the file does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from raasid.console.terminal import progress
from raasid.errors import DataRootMissing
from raasid.footage.formats.coco_rows import stem
from raasid.footage.formats.cvat_shapes import (
    SHAPES,
    NotUsed,
    Shape,
    flag,
    joined,
    keypoint,
    record,
    track_named,
)
from raasid.footage.formats.cvat_tracks import MOST_FILLED, Task, Track, Tracks, keyframe, task_of
from raasid.footage.formats.footage_builder import gathered, split_called, with_matches
from raasid.footage.formats.label_names import UNLABELLED
from raasid.footage.formats.media_lookup import FilmUnreadable, ImageFiles, VideoFiles, place_of, walk
from raasid.footage.formats.parsing.values import LONGEST_EDGE, MOST_TRACKS, ValueUnusable, label, text, whole
from raasid.footage.formats.parsing.xml_reader import Element, XmlUnreadable, elements
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Ball, Clip, Footage, Frame, Person, Provenance

_UNITS = {"meta", "image", "track", *SHAPES}


@dataclass(slots=True)
class Picture:
    """One image and what is annotated in it."""

    name: str = ""
    size: tuple[int, int] = (0, 0)
    subset: str = ""
    balls: list[Ball] = field(default_factory=list)
    persons: list[Person] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    """Group -> number of its person."""
    tracks: dict[int, int] = field(default_factory=dict)
    """Number of a person -> track, where an attribute says one."""


class Document:
    """Reads one file; yields its images, and holds its tracks."""

    def __init__(self, path: Path, name: str, ball_class: str | None, left_out: Quarantine) -> None:
        self._path, self._name, self._ball_class = path, name, ball_class
        self._left_out = left_out
        self.unused: Counter[str] = Counter()
        """What is sound but neither the match ball nor a person -> how often."""
        self.task = Task()
        self.tracks = Tracks()
        self.has_tracks = False
        self.has_images = False
        self._points: list[Element] = []
        self._picture = Picture()
        self._track = Track()
        self._groups: dict[str, int] = {}

    def pictures(self) -> Iterator[Picture]:
        """Yield the images; when they end, `tracks` holds all tracks. Raises XmlUnreadable."""
        for element in elements(self._path, _UNITS):
            try:
                if element.tag == "meta":
                    self.task = task_of(element, self._bad)
                elif element.tag == "image":
                    self.has_images = True
                    picture, self._picture = self._picture, Picture()
                    yield _finished(element, picture)
                elif element.tag == "track":
                    self.has_tracks = True
                    track, self._track = self._track, Track()
                    self.tracks.add(track, self.task, self._bad)
                elif element.parent is not None and element.parent.tag == "skeleton":
                    self._points.append(element)
                else:
                    self._shape(element)
            except ValueUnusable as error:
                self._bad(element.line, str(error))
            except NotUsed as what:
                self.unused[str(what)] += 1

    def _bad(self, line: int, reason: str) -> None:
        self._left_out.add(self._name, reason, line or None)

    def _shape(self, element: Element) -> None:
        points, self._points = self._points, []
        around = element.parent
        if around is None or around.tag not in ("image", "track"):
            return
        owner = around if around.tag == "track" else element
        shape = Shape(label(owner.attributes.get("label"), "label"), element)
        for point in points:
            index, place = keypoint(point)
            if index is None:
                shape.unknown.append(point.attributes["label"])
            else:
                shape.points[index] = place
        if around.tag == "image":
            self._in_picture(shape)
        else:
            self._in_track(shape, around)

    def _in_picture(self, shape: Shape) -> None:
        picture, group = self._picture, shape.element.attributes.get("group_id", "")
        number = len(picture.persons)
        if group not in ("", "0"):
            number = picture.numbers.setdefault(group, number)
        found = record(shape, number, self._ball_class)
        if isinstance(found, Ball):
            picture.balls.append(found)
            return
        picture.persons.append(found)
        named = track_named(shape)
        if named is not None:
            picture.tracks[number] = named

    def _in_track(self, shape: Shape, around: Element) -> None:
        frame, is_key = keyframe(shape.element, self.task)
        if not is_key:
            self._track.written += 1
            return
        gone = flag(shape.element, "outside")
        if shape.element.tag == "skeleton":
            gone = gone or all(point == UNLABELLED for point in shape.points.values())
        keys, known = self._track.keys, frame in self._track.keys
        before = keys.get(frame)
        keys.setdefault(frame, None)  # out of sight already if what follows finds a fault in it
        self._track.lines.setdefault(frame, shape.element.line)
        found = None if gone else record(shape, self._number(around), self._ball_class)
        if known and (before is not None or found is not None):
            persons = [each for each in (before, found) if isinstance(each, Person)]
            (both,) = joined(persons) if len(persons) == 2 else (before,)
            if both is before:
                raise ValueUnusable(f"second keyframe of one frame: {frame}")
            found = both
        keys[frame] = found

    def _number(self, track: Element) -> int:
        """Return the person's number: the track's, or that of the first track of its group."""
        number = whole(track.attributes.get("id"), "track id", 0, MOST_TRACKS)
        group = track.attributes.get("group_id", "")
        return number if group in ("", "0") else self._groups.setdefault(group, number)


def _finished(element: Element, picture: Picture) -> Picture:
    given = element.attributes
    picture.name = place_of(Path(), text(given.get("name"), "image name")).as_posix()
    width, height = (whole(given.get(edge) or 0, edge, 0, LONGEST_EDGE) for edge in ("width", "height"))
    picture.size, picture.subset = (width, height), given.get("subset", "")
    renamed = set(picture.tracks.values())
    tracks = picture.tracks if len(renamed) == len(picture.tracks) else {}
    free = max(renamed, default=-1) + 1
    persons = []
    for person in joined(picture.persons):
        number = tracks.get(person.track)
        if tracks and number is None:
            number, free = free, free + 1
        persons.append(person if number is None else replace(person, track=number))
    picture.persons = persons
    return picture


EXPECTED = "XML files as CVAT exports them: `CVAT for images 1.1` or `CVAT for video 1.1`"
_BYTES_PER_EMPTY_FRAME = 16
_FRAME = re.compile(r"frame_([0-9]{1,9})\.(?:png|jpe?g|webp)", re.IGNORECASE)


def read(root: Path, ball_class: str | None = "ball", frame_rate_hz: float = 25.0) -> Footage:
    """Read every XML file below a folder: each image is a clip, and so is each file with tracks.

    Of tracks only keyframes count; between them lies a straight line, until a keyframe says outside, or the
    task ends. Frames of the task that no track covers are frames without annotations. A ball that is
    occluded is hidden; one whose attribute `used_in_game` says no is not the match ball and not kept.
    Box and skeleton of one group are one person; a skeleton alone gives the box round its points.
    Matches of images are as `yolo_matches.matches_of` says. A video may be there as its frames, as CVAT
    exports them: `images/frame_000000.png`.
    ball_class: the ball's label; `ball` stands for its usual names, None for a set without one.
    What comes before a fault in the XML is read, but no track, since its end is not known.
    frame_rate_hz: of videos that are not there.
    Raises DataRootMissing, NoUsableSamples; XmlUnreadable when nothing of the only file can be read.
    Source: CVAT documentation, XML annotation format 1.1; WASB's soccer labels.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    left_out, unused = Quarantine(), Counter[str]()
    files, videos = ImageFiles(root, left_out), VideoFiles(root)
    clips: list[Clip] = []
    splits: dict[str, list[str]] = {}
    failure: Exception | None = None
    paths = [path for path in walk(root) if path.suffix.lower() == ".xml"]
    source = Provenance(f"cvat:{root.resolve().name}")
    with progress(f"reading {root.name or root}", total=len(paths)) as advance:
        for path in paths:
            name = files.relative(path)
            document = Document(path, name, ball_class, left_out)
            try:
                for clip, split in _images(document, path, root, source, files):
                    clips.append(clip)
                    if split:
                        splits.setdefault(split, []).append(clip.id)
                if document.has_tracks:
                    clips.append(_video(document, path, root, source, frame_rate_hz, files, videos, left_out))
            except (XmlUnreadable, ValueUnusable, FilmUnreadable) as error:
                failure = error
                reason = str(error) if isinstance(error, ValueUnusable) else error.reason
                left_out.add(name, reason, error.line if isinstance(error, XmlUnreadable) else None)
            else:
                if not document.has_tracks and not document.has_images:
                    left_out.add(name, "no annotations of CVAT's: the file has neither images nor tracks")
            advance(1)
            unused += document.unused
    if not clips and len(paths) == 1 and isinstance(failure, XmlUnreadable):
        raise failure
    clips, missing = files.settle(clips)
    clips, notes = with_matches(root, clips, splits)
    notes += [*missing, *videos.notes()]
    if unused:
        named = ", ".join(f"{what} ({count})" for what, count in unused.most_common(5))
        notes.append(f"{unused.total()} shapes are neither match ball nor person and not used: {named}")
    return gathered(root, clips, splits, left_out, notes, EXPECTED)


def _images(
    document: Document, path: Path, root: Path, source: Provenance, files: ImageFiles
) -> Iterator[tuple[Clip, str]]:
    folders = [path.parent / "images", path.parent, root / "images", root]
    folders = [folder for folder in dict.fromkeys(folders) if folder.is_dir()]
    for picture in document.pictures():
        placed = files.find(Path(picture.name), folders, picture.size)
        if placed is not None:
            frame = Frame(0, *placed, tuple(picture.balls), tuple(picture.persons))
            yield Clip(stem(picture.name), (frame,), source), split_called(picture.subset) or ""


def _video(
    document: Document,
    path: Path,
    root: Path,
    source: Provenance,
    rate: float,
    files: ImageFiles,
    videos: VideoFiles,
    left_out: Quarantine,
) -> Clip:
    task, name = document.task, files.relative(path)
    title = task.name or path.stem
    images = _numbered(path.parent / "images")
    video, film = (path, None) if images else videos.find(title, [path.parent, root, root / "videos"])
    size = (film.width, film.height) if film else task.size
    indices = document.tracks.frames()
    if task.stop is not None:
        declared = range(task.start, task.stop + 1, task.step)
        if len(declared) <= MOST_FILLED + path.stat().st_size // _BYTES_PER_EMPTY_FRAME:
            indices |= set(declared)
        else:
            left_out.add(name, f"frames without annotations not used: {len(declared)} frames in all")
    frames = []
    for index in sorted(indices):
        if film and index >= film.frames:
            left_out.add(name, f"frames behind the end of the video: it has {film.frames}")
            break
        placed: tuple[Path, int, int] | None = (video, *size)
        if images:
            image = images.get(index, Path(f"frame_{index:06d}.png"))
            placed = files.find(Path(image.name), [path.parent / "images"], task.size)
        if placed is not None:
            frames.append(Frame(index, *placed, *document.tracks.at(index), in_video=not images))
    if not frames:
        raise ValueUnusable(f"no frame with a usable shape: {name}")
    named = task.name and path.stem == "annotations"
    return Clip(
        stem(title) if named else stem(name), tuple(frames), source, film.frame_rate_hz if film else rate
    )


def _numbered(folder: Path) -> dict[int, Path]:
    """Return the frames of a video that lie in a folder as images, by their index."""
    if not folder.is_dir():
        return {}
    found = ((_FRAME.fullmatch(path.name), path) for path in sorted(folder.iterdir()))
    return {int(match[1]): path for match, path in found if match}
