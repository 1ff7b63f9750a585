"""One clip in the making: pictures first, then its annotations, then its name."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2

from raasid.data import coco_video
from raasid.data.collect.annotator import Annotator
from raasid.data.collect.parts import clip_name, publish, write_frame
from raasid.data.drafts import draft_of
from raasid.data.media import Image, Media
from raasid.data.records import Clip, Fact, Frame, Provenance


class ClipDraft:
    """Gathers the frames of one clip below a part's folder."""

    def __init__(self, part: Path, number: int, start: int, quality: int = 95) -> None:
        self.number, self.start = number, start
        self._part, self._quality = part, quality
        self._folder = draft_of(part)
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
            coco_video.write([clip], self._folder)
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
