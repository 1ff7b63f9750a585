"""Reads CVAT XML 1.1: tasks of images, and tracks of videos."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from raasid.console.terminal import progress
from raasid.errors import DataRootMissing
from raasid.footage.formats.coco_rows import without_suffix
from raasid.footage.formats.cvat_document import Document
from raasid.footage.formats.file_search import walk_files
from raasid.footage.formats.footage_builder import assign_matches, build_footage, split_from_name
from raasid.footage.formats.keyframe_interpolation import MAX_GAP_FRAMES
from raasid.footage.formats.media_lookup import (
    ImageLookup,
    VideoLookup,
)
from raasid.footage.formats.parsing.values import (
    ValueUnusable,
)
from raasid.footage.formats.parsing.xml_reader import XmlUnreadable
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Clip, Footage, Frame, Provenance
from raasid.io.video_reader import VideoUnreadable

EXPECTED = "XML files as CVAT exports them: `CVAT for images 1.1` or `CVAT for video 1.1`"
_BYTES_PER_EMPTY_FRAME = 16
_FRAME = re.compile(r"frame_([0-9]{1,9})\.(?:png|jpe?g|webp)", re.IGNORECASE)


def read(root: Path, ball_class: str | None = "ball", frame_rate_hz: float = 25.0) -> Footage:
    """Read every XML file below a folder: each image is a clip, and so is each file with tracks.

    Of tracks only keyframes count; between them lies a straight line, until a keyframe says outside, or the
    task ends. Frames of the task that no track covers are frames without annotations. A ball that is
    occluded is hidden; one whose attribute `used_in_game` says no is not the match ball and not kept.
    Box and skeleton of one group are one person; a skeleton alone gives the box round its points.
    Matches of images are as `match_grouping.group_by_match` returns them. A video may also be a folder of
    frames, as CVAT exports it: `images/frame_000000.png`.
    ball_class: the ball's label; `ball` includes common synonyms, None if there is none.
    What comes before a fault in the XML is read, but no track, since its end is not known.
    frame_rate_hz: of missing videos.
    Raises DataRootMissing, NoUsableSamples; XmlUnreadable when nothing of the only file can be read.
    Source: CVAT documentation, XML annotation format 1.1; WASB's soccer labels.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    quarantine, unused = Quarantine(), Counter[str]()
    files, videos = ImageLookup(root, quarantine), VideoLookup(root)
    clips: list[Clip] = []
    splits: dict[str, list[str]] = {}
    failure: Exception | None = None
    paths = [path for path in walk_files(root) if path.suffix.lower() == ".xml"]
    source = Provenance(f"cvat:{root.resolve().name}")
    with progress(f"reading {root.name or root}", total=len(paths)) as update:
        for path in paths:
            name = files.relative(path)
            document = Document(path, name, ball_class, quarantine)
            try:
                for clip, split in _images(document, path, root, source, files):
                    clips.append(clip)
                    if split:
                        splits.setdefault(split, []).append(clip.id)
                if document.has_tracks:
                    clips.append(
                        _video(document, path, root, source, frame_rate_hz, files, videos, quarantine)
                    )
            except (XmlUnreadable, ValueUnusable, VideoUnreadable) as error:
                failure = error
                reason = str(error) if isinstance(error, ValueUnusable) else error.reason
                quarantine.add(name, reason, error.line if isinstance(error, XmlUnreadable) else None)
            else:
                if not document.has_tracks and not document.has_images:
                    quarantine.add(name, "no annotations of CVAT's: the file has neither images nor tracks")
            update(1)
            unused += document.unused
    if not clips and len(paths) == 1 and isinstance(failure, XmlUnreadable):
        raise failure
    clips, missing = files.drop_missing_images(clips)
    clips, notes = assign_matches(root, clips, splits)
    notes += [*missing, *videos.notes()]
    if unused:
        named = ", ".join(f"{what} ({count})" for what, count in unused.most_common(5))
        notes.append(f"{unused.total()} shapes are neither match ball nor person and not used: {named}")
    return build_footage(root, clips, splits, quarantine, notes, EXPECTED)


def _images(
    document: Document, path: Path, root: Path, source: Provenance, files: ImageLookup
) -> Iterator[tuple[Clip, str]]:
    folders = [path.parent / "images", path.parent, root / "images", root]
    folders = [folder for folder in dict.fromkeys(folders) if folder.is_dir()]
    for entry in document.images():
        placed = files.find(Path(entry.name), folders, entry.size)
        if placed is not None:
            frame = Frame(0, *placed, tuple(entry.balls), tuple(entry.persons))
            yield Clip(without_suffix(entry.name), (frame,), source), split_from_name(entry.subset) or ""


def _video(
    document: Document,
    path: Path,
    root: Path,
    source: Provenance,
    rate: float,
    files: ImageLookup,
    videos: VideoLookup,
    quarantine: Quarantine,
) -> Clip:
    task, name = document.task, files.relative(path)
    title = task.name or path.stem
    images = _numbered(path.parent / "images")
    video, header = (path, None) if images else videos.find(title, [path.parent, root, root / "videos"])
    size = (header.width, header.height) if header else task.size
    indices = document.tracks.frames()
    if task.stop is not None:
        declared = range(task.start, task.stop + 1, task.step)
        if len(declared) <= MAX_GAP_FRAMES + path.stat().st_size // _BYTES_PER_EMPTY_FRAME:
            indices |= set(declared)
        else:
            quarantine.add(name, f"frames without annotations not used: {len(declared)} frames in all")
    frames = []
    for index in sorted(indices):
        if header and index >= header.num_frames:
            quarantine.add(name, f"frames behind the end of the video: it has {header.num_frames}")
            break
        placed: tuple[Path, int, int] | None = (video, *size)
        if images:
            image = images.get(index, Path(f"frame_{index:06d}.png"))
            placed = files.find(Path(image.name), [path.parent / "images"], task.size)
        if placed is not None:
            frames.append(Frame(index, *placed, *document.tracks.pop(index), in_video=not images))
    if not frames:
        raise ValueUnusable(f"no frame with a usable shape: {name}")
    named = task.name and path.stem == "annotations"
    return Clip(
        without_suffix(title) if named else without_suffix(name),
        tuple(frames),
        source,
        header.frame_rate_hz if header else rate,
    )


def _numbered(folder: Path) -> dict[int, Path]:
    """Return the frames of a video that lie in a folder as images, by their index."""
    if not folder.is_dir():
        return {}
    found = ((_FRAME.fullmatch(path.name), path) for path in sorted(folder.iterdir()))
    return {int(match[1]): path for match, path in found if match}
