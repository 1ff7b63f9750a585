"""Finished work on disk: the parts made of sources, their clips, and a stamp for each source.

    STORE/parts/KEY/clip-00000/  frames and annotations.json of one clip, published by one rename
    STORE/parts/KEY/part.json    written last: the source is done
    STORE/sources/STAMP.json     the result of a source: its part, or why there is none

Each appears complete or not at all. A process that dies loses the clip that it was working on; the staged
folders that it leaves are removed by the next one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2

from raasid.collect.annotators import Annotator
from raasid.collect.source_discovery import Source
from raasid.footage import coco_format
from raasid.footage.frame_reader import FrameReader
from raasid.footage.records import Clip, Fact, Frame, Provenance
from raasid.io.atomic import StagedFolder, write_atomic, write_synced
from raasid.io.drafts import remove_abandoned
from raasid.io.image_reader import Image

DONE = "part.json"


@dataclass(frozen=True, slots=True)
class CollectResult:
    """What became of one source."""

    part: str | None
    """Key of its part; None where nothing of the source could be used."""
    sha256: str | None
    findings: tuple[str, ...] = ()
    """What is wrong with it, each as `what: value seen`."""


class StagingArea:
    """The parts and stamps below one store."""

    def __init__(self, store: Path) -> None:
        self.folder = store.absolute() / "parts"
        self._stamps = store.absolute() / "sources"

    def part(self, key: str) -> Path:
        """Return the folder of a part, whether it exists or not."""
        return self.folder / key

    def remove_abandoned(self) -> None:
        """Remove what dead processes left."""
        for parent in (self._stamps, self.folder, *self._unfinished()):
            remove_abandoned(parent)

    def _unfinished(self) -> list[Path]:
        parts = [path for path in self.folder.glob("*") if path.is_dir() and not path.name.startswith(".")]
        return [path for path in parts if not (path / DONE).exists() or any(path.glob(".*.draft"))]

    def finish(self, key: str, findings: list[str]) -> None:
        """Mark a part as complete."""
        write_done(self.part(key), findings)

    def findings(self, key: str) -> tuple[str, ...] | None:
        """Return what is wrong with a finished part; None while it is not finished."""
        try:
            return tuple(json.loads((self.part(key) / DONE).read_text(encoding="utf-8"))["findings"])
        except FileNotFoundError:
            return None

    def clips(self, key: str) -> list[Clip]:
        """Read the clips of a finished part, in order."""
        clips: list[Clip] = []
        for folder in sorted(self.part(key).glob("clip-*")):
            clips += coco_format.read(folder)
        return clips

    def record(self, source: Source, settings: str, result: CollectResult) -> None:
        """Store the result of a source under a settings key."""
        _write_json(self._stamp(source, settings), asdict(result))

    def result(self, source: Source, settings: str) -> CollectResult | None:
        """Return the result of a source as it is now; None if there is none yet or its part is gone."""
        try:
            stored = json.loads(self._stamp(source, settings).read_text(encoding="utf-8"))
            result = CollectResult(stored["part"], stored["sha256"], tuple(stored["findings"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        gone = result.part is not None and not (self.part(result.part) / DONE).is_file()
        return None if gone else result

    def _stamp(self, source: Source, settings: str) -> Path:
        """Identify a file by path, size and modification time, so that hours of video are read only once."""
        size, modified = -1, 0
        if not source.is_stream:
            try:
                status = source.path.stat()
                size, modified = status.st_size, status.st_mtime_ns
            except OSError:
                pass
        identity = json.dumps([source.location, source.name, size, modified, settings]).encode()
        return self._stamps / f"{hashlib.sha256(identity).hexdigest()[:32]}.json"


def write_done(part: Path, findings: list[str]) -> None:
    """Write the file that marks a part, staged or published, as complete."""
    _write_json(part / DONE, {"findings": findings})


def clip_name(number: int) -> str:
    """Return the folder name of a clip."""
    return f"clip-{number:05d}"


def _write_json(path: Path, document: dict[str, Any]) -> None:
    write_atomic(path, json.dumps(document, indent=1, sort_keys=True) + "\n")


class ClipDraft:
    """One clip in a staged folder: first its frames, then its annotations, then its final name."""

    def __init__(self, part: Path, number: int, start: int, quality: int = 95) -> None:
        self.number, self.start = number, start
        self._part, self._quality = part, quality
        self._staged = StagedFolder(part)
        self._frames: list[Frame] = []
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """SHA-256 of the frames so far."""
        return self._digest.hexdigest()

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, index: int, image: Image) -> None:
        """Store one decoded frame as JPEG."""
        success, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        if not success:
            raise ValueError(f"a frame of {image.shape[1]}x{image.shape[0]} pixels cannot be written as JPEG")
        self.add_file(index, data.tobytes(), ".jpg", image.shape[1], image.shape[0])

    def add_file(self, index: int, data: bytes, suffix: str, width: int, height: int) -> None:
        """Store an image file unchanged, safe against a power cut. Raises DiskFull."""
        path = self._staged.path / f"frame-{index:06d}{suffix}"
        write_synced(path, data)
        self._digest.update(data)
        self._frames.append(Frame(index, path, width, height))

    def finish(
        self,
        clip_id: str,
        rate_hz: float,
        facts: dict[str, Fact],
        provenance: Provenance,
        annotator: Annotator,
        update: Callable[[int], None],
    ) -> None:
        """Annotate, write and publish the clip.

        The annotator reads the stored frames, not the decoded ones, so that resuming changes nothing.
        """
        try:
            frames = []
            for frame in annotator.annotate(self._images(), self._frames):
                frames.append(replace(frame, image=Path(frame.image.name)))
                update(1)
            clip = Clip(clip_id, tuple(frames), provenance, frame_rate_hz=rate_hz, facts=facts)
            coco_format.write([clip], self._staged.path)
            self._staged.publish(self._part / clip_name(self.number))
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove what is not published."""
        self._staged.remove()

    def _images(self) -> Iterator[Image]:
        with FrameReader() as reader:
            for frame in self._frames:
                yield reader.read(frame)
