"""One clip in the making: pictures first, then its annotations, then its name.

Finished work on disk: parts, their clips, and a stamp for each source; each appears whole or not at all.

    STORE/parts/KEY/clip-0000/   frames and annotations.json of one clip, there by one rename
    STORE/parts/KEY/part.json    written last: the source is done
    STORE/sources/STAMP.json     what came of a source: its part, or why there is none

A process that dies loses the clip it was at. What it leaves are drafts, which are swept.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2

from raasid.collect.annotators import Annotator
from raasid.collect.source_discovery import Source
from raasid.footage import coco_format
from raasid.footage.media import Image, Media
from raasid.footage.records import Clip, Fact, Frame, Provenance
from raasid.io.atomic import make_staging_folder, remove_abandoned

DONE = "part.json"
_ABANDONED_S = 6 * 3600.0
"""A draft of another machine that nobody has written to for so long is dead."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one source."""

    part: str | None
    """Key of its part; None where nothing of it could be used."""
    sha256: str | None
    findings: tuple[str, ...] = ()
    """What is wrong with it, each as `what: value seen`."""


class Parts:
    """The finished parts below one store."""

    def __init__(self, store: Path) -> None:
        self.folder = store.absolute() / "parts"
        self._stamps = store.absolute() / "sources"

    def part(self, key: str) -> Path:
        """Return the folder of a part, there or not."""
        return self.folder / key

    def remove_abandoned(self) -> None:
        """Remove the drafts of dead processes; of other machines, those that have not grown for hours."""
        for home in (self._stamps, self.folder, *self._unfinished()):
            remove_abandoned(home)
            for draft in home.glob(".draft.*"):
                if _age_s(draft) > _ABANDONED_S:
                    shutil.rmtree(draft, ignore_errors=True)

    def _unfinished(self) -> list[Path]:
        found = [path for path in self.folder.glob("*") if path.is_dir() and not path.name.startswith(".")]
        return [path for path in found if not (path / DONE).exists() or any(path.glob(".draft.*"))]

    def findings(self, key: str) -> tuple[str, ...] | None:
        """Return what is wrong with a finished part; None while it is not finished."""
        try:
            return tuple(json.loads((self.part(key) / DONE).read_text(encoding="utf-8"))["findings"])
        except FileNotFoundError:
            return None

    def clips(self, key: str) -> list[Clip]:
        """Read the clips of a finished part, in order."""
        found = []
        for folder in sorted(self.part(key).glob("clip-*")):
            found += coco_format.read(folder)
        return found

    def stamp(self, source: Source, settings: str, outcome: Outcome) -> None:
        """Note what came of a source."""
        write_whole(self._stamp(source, settings), asdict(outcome))

    def outcome(self, source: Source, settings: str) -> Outcome | None:
        """Return what came of a source as it is now; None if nobody has worked on it or its part is gone."""
        try:
            told = json.loads(self._stamp(source, settings).read_text(encoding="utf-8"))
            outcome = Outcome(told["part"], told["sha256"], tuple(told["findings"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        gone = outcome.part is not None and not (self.part(outcome.part) / DONE).is_file()
        return None if gone else outcome

    def _stamp(self, source: Source, settings: str) -> Path:
        """A file is known by its place, size and time of change, so that hours of video are read once."""
        size, changed = -1, 0
        if not source.is_stream:
            try:
                status = source.path.stat()
                size, changed = status.st_size, status.st_mtime_ns
            except OSError:
                pass
        told = json.dumps([source.place, source.name, size, changed, settings]).encode()
        return self._stamps / f"{hashlib.sha256(told).hexdigest()[:32]}.json"


def publish(draft: Path, final: Path) -> None:
    """Give a finished draft its name; where somebody was first, theirs is the same."""
    try:
        draft.rename(final)
    except OSError:
        if not final.exists():
            raise
        shutil.rmtree(draft, ignore_errors=True)


def write_whole(path: Path, document: dict[str, Any]) -> None:
    """Write JSON that appears whole; equal documents give equal bytes."""
    draft = make_staging_folder(path.parent)
    try:
        inside = draft / path.name
        with inside.open("x", encoding="utf-8") as file:
            json.dump(document, file, indent=1, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        inside.replace(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_frame(path: Path, data: bytes) -> None:
    """Write one picture down to the disk: a part that is there holds whole pictures, power cuts included."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def clip_name(number: int) -> str:
    """Return the folder of a clip."""
    return f"clip-{number:05d}"


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


class ClipDraft:
    """Gathers the frames of one clip below a part's folder."""

    def __init__(self, part: Path, number: int, start: int, quality: int = 95) -> None:
        self.number, self.start = number, start
        self._part, self._quality = part, quality
        self._folder = make_staging_folder(part)
        self._frames: list[Frame] = []
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """SHA-256 of the pictures so far."""
        return self._digest.hexdigest()

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, index: int, image: Image) -> None:
        """Keep one decoded frame as JPEG."""
        good, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        if not good:
            raise ValueError(f"a frame of {image.shape[1]}x{image.shape[0]} pixels cannot be written as JPEG")
        self.add_file(index, data.tobytes(), ".jpg", image.shape[1], image.shape[0])

    def add_file(self, index: int, data: bytes, suffix: str, width: int, height: int) -> None:
        """Keep a picture as it is."""
        path = self._folder / f"frame-{index:06d}{suffix}"
        write_frame(path, data)
        self._digest.update(data)
        self._frames.append(Frame(index, path, width, height))

    def finish(
        self,
        clip_id: str,
        rate_hz: float,
        facts: dict[str, Fact],
        provenance: Provenance,
        annotator: Annotator,
        advance: Callable[[int], None],
    ) -> None:
        """Annotate, write, publish; annotators see what is stored, so that resuming changes nothing."""
        try:
            frames = []
            for frame in annotator.annotate(self._pictures(), self._frames):
                frames.append(replace(frame, image=Path(frame.image.name)))
                advance(1)
            clip = Clip(clip_id, tuple(frames), provenance, frame_rate_hz=rate_hz, facts=facts)
            coco_format.write([clip], self._folder)
            publish(self._folder, self._part / clip_name(self.number))
        finally:
            self.drop()

    def drop(self) -> None:
        """Remove what is not published."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _pictures(self) -> Iterator[Image]:
        with Media() as media:
            for frame in self._frames:
                yield media.read(frame)
