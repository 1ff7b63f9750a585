"""Reads the ISSIA-CNR soccer set: ViPER ground truth of six fixed cameras round one pitch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from raasid.console import progress
from raasid.data.footage import Footage
from raasid.data.quarantine import Quarantine
from raasid.data.readers.checked import ValueUnusable, shown
from raasid.data.readers.film import FilmUnreadable
from raasid.data.readers.gathered import gathered
from raasid.data.readers.issia_objects import HEIGHT, MIRRORED, WIDTH, Annotated, read_objects
from raasid.data.readers.video_files import VideoFiles
from raasid.data.readers.walk import walk
from raasid.data.readers.xml_file import XmlUnreadable
from raasid.data.records import Clip, Frame, Provenance
from raasid.errors import DataRootMissing

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
    left_out, videos = Quarantine(), VideoFiles(root)
    clips: list[Clip] = []
    notes: list[str] = []
    paths = [path for path in walk(root) if path.suffix.lower() == ".xgtf"]
    with progress(f"reading {root.name or root}", total=len(paths)) as advance:
        for path in paths:
            name = path.relative_to(root).as_posix()
            try:
                clips.append(_clip(path, root, videos, left_out, notes))
            except XmlUnreadable as error:
                if len(paths) == 1:
                    raise
                left_out.add(name, error.reason, error.line)
            except FilmUnreadable as error:
                left_out.add(name, f"its video cannot be read: {error.reason}")
            except ValueUnusable as error:
                left_out.add(name, str(error))
            advance(1)
    return gathered(root, clips, {}, left_out, [*notes, *videos.notes()], EXPECTED)


def _clip(path: Path, root: Path, videos: VideoFiles, left_out: Quarantine, notes: list[str]) -> Clip:
    name = path.relative_to(root).as_posix()
    camera = _camera(path.stem)
    if camera is None:
        notes.append(f"{name}: no camera number in the file's name; taken as not mirrored")

    def bad(line: int, reason: str) -> None:
        left_out.add(name, reason, line)

    found = read_objects(path, mirrored=camera in MIRRORED, bad=bad)
    named = PurePosixPath(found.video.replace("\\", "/")).name
    names = [named] if named else []
    if camera is not None:
        names += [f"filmrole{camera}.avi", f"ID-{camera}.avi"]
    video, film = videos.find((names or [path.stem])[0], [path.parent, root], *names[1:])
    if film is not None and (film.width, film.height) != (WIDTH, HEIGHT):
        raise ValueUnusable(f"video of another size: {film.width}x{film.height}, expected {WIDTH}x{HEIGHT}")
    frames = tuple(_frames(found, video, film.frames if film else None))
    if not frames:
        raise ValueUnusable(f"no frame with an object: {shown(path.name)}")
    folder = path.parent.relative_to(root).as_posix()
    return Clip(
        PurePosixPath(name).with_suffix("").as_posix(),
        frames,
        Provenance(
            f"issia:{root.resolve().name}",
            match=root.resolve().name if folder == "." else folder,
            camera=None if camera is None else f"camera {camera}",
        ),
        film.frame_rate_hz if film else FRAME_RATE_HZ,
        events=tuple(sorted(found.events, key=lambda event: (event.frame, event.label))),
    )


def _camera(stem: str) -> int | None:
    found = _CAMERA.search(stem) or _FILM.search(stem)
    return int(found[1]) if found else None


def _frames(found: Annotated, video: Path, count: int | None) -> Iterator[Frame]:
    for index in sorted(found.balls.keys() | found.persons.keys()):
        if count is not None and index >= count:
            return
        ball, persons = found.balls.get(index), found.persons.pop(index, {})
        balls = () if ball is None else (ball,)
        yield Frame(index, video, WIDTH, HEIGHT, balls, tuple(persons.values()), in_video=True)
