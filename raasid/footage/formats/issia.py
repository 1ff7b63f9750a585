"""Reads the ISSIA-CNR soccer set: ViPER ground truth of six fixed cameras around one pitch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from raasid.console.terminal import progress
from raasid.errors import DataRootMissing
from raasid.footage.formats.file_search import walk_files
from raasid.footage.formats.footage_builder import build_footage
from raasid.footage.formats.media_lookup import (
    VideoLookup,
)
from raasid.footage.formats.parsing.values import (
    MAX_FRAMES,
    MAX_TRACK_ID,
    ValueUnusable,
    integer,
    number,
    shared_float,
    short_repr,
)
from raasid.footage.formats.parsing.xml_reader import Element, XmlUnreadable, iter_elements
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Ball, Clip, Event, Footage, Frame, Person, Provenance
from raasid.io.video_reader import VideoUnreadable

WIDTH, HEIGHT = 1920, 1080
"""Of all six cameras."""
MIRRORED_CAMERAS = {2, 6}
"""Cameras whose annotations run from right to left. Source: FootAndBall's reader of the set."""
FRAME_OFFSET = 8
"""The annotation of frame n belongs to frame n - 8 of the video. Source: as above."""
MAX_SPAN_FRAMES = 3000
"""Frames that one value may stand for: as long as the set's sequences."""

Reject = Callable[[int, str], None]
_UNITS = {"point", "bbox", "bvalue", "dvalue"}


@dataclass(slots=True)
class CameraAnnotations:
    """What one camera's file says; frames count from 0 in the video."""

    video: str = ""
    balls: dict[int, Ball] = field(default_factory=dict)
    persons: dict[int, dict[int, Person]] = field(default_factory=dict)
    """Frame -> track -> person."""
    events: list[Event] = field(default_factory=list)


def read_camera_file(path: Path, *, mirrored: bool, reject: Reject) -> CameraAnnotations:
    """Read one file; `reject` is called with line and reason of each bad value. Raises XmlUnreadable."""
    found = CameraAnnotations()
    for element in iter_elements(path, _UNITS):
        attribute, owner = element.inside("attribute"), element.inside("object")
        if attribute is None or owner is None:
            continue
        if not found.video and (file := element.inside("sourcefile")) is not None:
            found.video = file.attributes.get("filename", "")
        name = (owner.attributes.get("name", "").casefold(), attribute.attributes.get("name", "").casefold())
        try:
            _take(name, owner, element, found, mirrored=mirrored)
        except ValueUnusable as error:
            reject(element.line, str(error))
    return found


def _take(
    name: tuple[str, str], owner: Element, element: Element, found: CameraAnnotations, *, mirrored: bool
) -> None:
    given = element.attributes
    if name == ("ball", "ballpos"):
        x, y = (
            number(given.get("x"), "x", -WIDTH, 2 * WIDTH),
            number(given.get("y"), "y", -HEIGHT, 2 * HEIGHT),
        )
        ball = Ball(shared_float(WIDTH - x if mirrored else x), shared_float(y), 0.0, 0.0)
        for frame in _span(element):
            found.balls.setdefault(frame, ball)
    elif name == ("ball", "ballshot"):
        if given.get("value", "").strip().casefold() == "true":
            found.events.append(Event(_first(element), "ball_shot"))
    elif name == ("ball", "playerinteractingid"):
        player = integer(given.get("value"), "PlayerInteractingID", -1, MAX_TRACK_ID)
        if player >= 0:
            found.events.append(Event(_first(element), "ball_contact", attributes=(f"person_{player}",)))
    elif name == ("person", "location"):
        track = integer(owner.attributes.get("id"), "person id", 0, MAX_TRACK_ID)
        edges = ("x", "y", "width", "height")
        x, y, w, h = (number(given.get(edge), edge, -WIDTH, 2 * WIDTH) for edge in edges)
        if w <= 0 or h <= 0:
            raise ValueUnusable(f"box without size: {w:g} x {h:g}")
        person = Person(
            track, "player", (shared_float(WIDTH - x - w if mirrored else x), shared_float(y), w, h)
        )
        for frame in _span(element):
            if found.persons.setdefault(frame, {}).setdefault(track, person) is not person:
                raise ValueUnusable(f"second box of a person in one frame: person {track}, frame {frame}")


def _span(element: Element) -> Iterator[int]:
    for first, last in _spans(element):
        yield from range(max(first, 0), last + 1)


def _first(element: Element) -> int:
    return max(next(_spans(element))[0], 0)


def _spans(element: Element) -> Iterator[tuple[int, int]]:
    """Yield first and last frame of each part of a framespan such as `12:18 20:20`, in the video's count."""
    written = element.attributes.get("framespan", "")
    parts = written.split()
    if not parts or len(parts) > 100:
        raise ValueUnusable(f"no framespan: {short_repr(written)}")
    total = 0
    spans = []
    for part in parts:
        ends = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", part)
        if ends is None:
            raise ValueUnusable(f"no framespan: {short_repr(part)}")
        first, last = int(ends[1]), int(ends[2])
        total += last - first + 1
        if not first <= last <= MAX_FRAMES or total > MAX_SPAN_FRAMES:
            raise ValueUnusable(
                f"framespan longer than {MAX_SPAN_FRAMES} frames, or backwards: {short_repr(written)}"
            )
        spans.append((first - FRAME_OFFSET, last - FRAME_OFFSET))
    if all(last < 0 for _, last in spans):
        raise ValueUnusable(
            f"before the first frame of the video: framespan {short_repr(written)} minus {FRAME_OFFSET}"
        )
    yield from spans


EXPECTED = ".xgtf files, one for each camera"
FRAME_RATE_HZ = 25.0
_CAMERA = re.compile(r"(?:id|camera|cam)[ _-]*([0-9]{1,2})(?![0-9])", re.IGNORECASE)
_FILM = re.compile(r"film[ _-]*role[ _-]*([0-9]{1,2})(?![0-9])", re.IGNORECASE)


def read(root: Path) -> Footage:
    """Read every camera's file at or below a folder; each is a clip, its frames are those with an object.

    The ball is a point (w = h = 0). Frames are 8 earlier than the file says, and what cameras 2 and 6 have
    is mirrored back. All files of a folder are one match. The shot of a ball and who plays it are events,
    `ball_shot` and `ball_contact`; the file does not say by which part of the body.
    Raises DataRootMissing, NoUsableSamples; XmlUnreadable when the only file is unreadable.
    Source: ISSIA-CNR soccer dataset; FootAndBall's reader for offset and mirrored cameras.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    quarantine, videos = Quarantine(), VideoLookup(root)
    clips: list[Clip] = []
    notes: list[str] = []
    paths = [path for path in walk_files(root) if path.suffix.lower() == ".xgtf"]
    with progress(f"reading {root.name or root}", total=len(paths)) as update:
        for path in paths:
            name = path.relative_to(root).as_posix()
            try:
                clips.append(_clip(path, root, videos, quarantine, notes))
            except XmlUnreadable as error:
                if len(paths) == 1:
                    raise
                quarantine.add(name, error.reason, error.line)
            except VideoUnreadable as error:
                quarantine.add(name, f"its video cannot be read: {error.reason}")
            except ValueUnusable as error:
                quarantine.add(name, str(error))
            update(1)
    return build_footage(root, clips, {}, quarantine, [*notes, *videos.notes()], EXPECTED)


def _clip(path: Path, root: Path, videos: VideoLookup, quarantine: Quarantine, notes: list[str]) -> Clip:
    name = path.relative_to(root).as_posix()
    camera = _camera(path.stem)
    if camera is None:
        notes.append(f"{name}: no camera number in the file's name; taken as not mirrored")

    def reject(line: int, reason: str) -> None:
        quarantine.add(name, reason, line)

    found = read_camera_file(path, mirrored=camera in MIRRORED_CAMERAS, reject=reject)
    named = PurePosixPath(found.video.replace("\\", "/")).name
    names = [named] if named else []
    if camera is not None:
        names += [f"filmrole{camera}.avi", f"ID-{camera}.avi"]
    video, header = videos.find((names or [path.stem])[0], [path.parent, root], *names[1:])
    if header is not None and (header.width, header.height) != (WIDTH, HEIGHT):
        raise ValueUnusable(
            f"video of another size: {header.width}x{header.height}, expected {WIDTH}x{HEIGHT}"
        )
    frames = tuple(_frames(found, video, header.num_frames if header else None))
    if not frames:
        raise ValueUnusable(f"no frame with an object: {short_repr(path.name)}")
    folder = path.parent.relative_to(root).as_posix()
    return Clip(
        PurePosixPath(name).with_suffix("").as_posix(),
        frames,
        Provenance(
            f"issia:{root.resolve().name}",
            match=root.resolve().name if folder == "." else folder,
            camera=None if camera is None else f"camera {camera}",
        ),
        header.frame_rate_hz if header else FRAME_RATE_HZ,
        events=tuple(sorted(found.events, key=lambda event: (event.frame, event.label))),
    )


def _camera(stem: str) -> int | None:
    found = _CAMERA.search(stem) or _FILM.search(stem)
    return int(found[1]) if found else None


def _frames(found: CameraAnnotations, video: Path, count: int | None) -> Iterator[Frame]:
    for index in sorted(found.balls.keys() | found.persons.keys()):
        if count is not None and index >= count:
            return
        ball, persons = found.balls.get(index), found.persons.pop(index, {})
        balls = () if ball is None else (ball,)
        yield Frame(index, video, WIDTH, HEIGHT, balls, tuple(persons.values()), in_video=True)
