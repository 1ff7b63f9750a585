"""Turn sources into clips and parts, and the parts of all processes into footage."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.collect.annotators import Annotator
from raasid.collect.options import ORIGIN_FIELDS, CollectOptions
from raasid.collect.source_discovery import Source
from raasid.collect.staging import ClipDraft, CollectResult, StagingArea, clip_name, write_done
from raasid.console.terminal import progress
from raasid.footage.frame_reader import FrameReader
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Clip, Fact, Footage, Frame, Provenance
from raasid.io.atomic import StagedFolder
from raasid.io.file_digests import sha256_of
from raasid.io.image_reader import Image, ImageUnreadable, probe_image
from raasid.io.video_reader import VideoHeader, VideoReader, VideoUnreadable

_SMALL = (64, 36)
_BINS = (12, 4, 4)


class SceneCuts:
    """Detects scene cuts in a sequence of frames.

    A cut changes the colours (histogram intersection) and the image (mean difference of a thumbnail) at
    once; a pan changes the image alone, and a flash is over before the colours have changed.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._previous: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def is_cut(self, image: Image) -> bool:
        """Return whether a cut lies between the previous frame and this one; False for the first frame."""
        small = cv2.resize(image, _SMALL, interpolation=cv2.INTER_AREA)
        hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
        colours = cv2.calcHist([hsv], [0, 1, 2], None, list(_BINS), [0, 180, 0, 256, 0, 256]).ravel()
        current = (colours / colours.sum()).astype(np.float32), small.astype(np.float32)
        previous, self._previous = self._previous, current
        if previous is None:
            return False
        colour_change = 1.0 - float(np.minimum(current[0], previous[0]).sum())
        image_change = float(np.abs(current[1] - previous[1]).mean()) / 255
        return min(colour_change, 5 * image_change) > self.threshold


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One decoded frame and where it belongs."""

    clip: int
    """Number of its clip."""
    start: int
    """Position in the source of the clip's first frame."""
    index: int
    """Position of the frame in its clip."""
    keep: bool
    """Whether the frame is stored."""
    image: Image


def cut_into_clips(
    images: Iterable[Image], frame_rate_hz: float, options: CollectOptions
) -> Iterator[DecodedFrame]:
    """Assign every frame to a clip; holds one image in memory at a time.

    A clip ends at a scene cut, or when it is `clip_s` long. Its first frame is kept, and then `rate_hz`
    frames of each second.
    """
    cuts = SceneCuts(options.scene_cut)
    max_length = max(1, round(options.clip_s * frame_rate_hz))
    rate = min(options.rate_hz or frame_rate_hz, frame_rate_hz)
    clip, start = 0, 0
    for position, image in enumerate(images):
        is_cut = cuts.is_cut(image)
        if position and (is_cut or position - start >= max_length):
            clip, start = clip + 1, position
        index = position - start
        keep = index == 0 or int(index * rate / frame_rate_hz) > int((index - 1) * rate / frame_rate_hz)
        yield DecodedFrame(clip, start, index, keep, image)


_KEY_FORMAT = 1
"""Of a part; raised when the same options give other frames or annotations."""
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9._-]+")
_SUFFIX_OF_FORMAT = {"jpeg": ".jpg", "png": ".png"}
_SUFFIXES_OF_FORMAT = {"jpeg": {".jpg", ".jpeg"}, "png": {".png"}}
_MIN_DECODED = 0.98
"""Containers miscount by a frame or two; a video of which a smaller share can be decoded is truncated."""


@dataclass(frozen=True, slots=True)
class Collector:
    """Makes parts; the same source, options and annotator give the same part on every machine."""

    staging: StagingArea
    options: CollectOptions
    annotator: Annotator

    def settings_key(self) -> str:
        """Return a key of everything but the source that decides the result."""
        origin = [getattr(self.options, name) for name in (*ORIGIN_FIELDS, "license", "path_pattern")]
        return self._part_key(str(self.options.duration_s), repr(origin))

    def collect(self, source: Source, title: str) -> CollectResult:
        """Make the part of a source, or continue where an interrupted process stopped.

        Never raises because of bad footage: what is wrong with it is in the result.
        """
        provenance = source.provenance(self.options, self.annotator.name)
        try:
            if source.is_stream:
                return self._collect_stream(source, provenance, title)
            digest = sha256_of(source.path)
        except OSError as error:
            return CollectResult(None, None, (f"cannot be read: {error.strerror}",))
        except VideoUnreadable as error:
            return CollectResult(None, None, (error.reason,))
        key = self._part_key(digest, repr(provenance))
        if (known := self.staging.findings(key)) is not None:
            return CollectResult(key, digest, known)
        collect = self._collect_image if source.is_image else self._collect_video
        try:
            findings = collect(source, digest, self.staging.part(key), provenance, title)
        except (VideoUnreadable, ImageUnreadable) as error:
            return CollectResult(None, digest, (error.reason,))
        self.staging.finish(key, findings)
        return CollectResult(key, digest, tuple(findings))

    def _part_key(self, content: str, provenance: str) -> str:
        """Return 32 hex digits of everything that decides what is in a part."""
        # duration_s concerns streams, where it shows in the content
        cutting = self.options.model_dump(include={"clip_s", "rate_hz", "scene_cut", "jpeg_quality"})
        document = [_KEY_FORMAT, content, self.annotator.name, provenance, cutting]
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:32]

    def _collect_image(
        self, source: Source, digest: str, part: Path, provenance: Provenance, title: str
    ) -> list[str]:
        header = probe_image(source.path)
        findings = []
        suffix = _SUFFIX_OF_FORMAT.get(header.format)
        if suffix is not None and source.path.suffix.lower() not in _SUFFIXES_OF_FORMAT[header.format]:
            named = source.path.suffix
            findings.append(f"wrong extension: {header.format} content is named {named}; stored as {suffix}")
        with progress(title, 1) as update:
            if (part / clip_name(0)).exists():
                update(1)
                return findings
            draft = ClipDraft(part, 0, 0, self.options.jpeg_quality)
            try:
                with FrameReader() as reader:  # decoded once here: an unreadable image is not stored
                    image = reader.read(Frame(0, source.path, header.width, header.height))
                if suffix is None:
                    draft.add(0, image)
                else:
                    height, width = image.shape[:2]
                    draft.add_file(0, source.path.read_bytes(), suffix, width, height)
                facts: dict[str, Fact] = {"source_sha256": digest, "source_format": header.format}
                draft.finish(_clip_id(source, digest, 0), 25.0, facts, provenance, self.annotator, update)
            finally:
                draft.discard()
        return findings

    def _collect_video(
        self, source: Source, digest: str, part: Path, provenance: Provenance, title: str
    ) -> list[str]:
        if source.path.stat().st_size == 0:
            raise VideoUnreadable(source.name, "zero bytes: the file is empty")
        with VideoReader(source.location) as video, self._progress(video.header, title) as update:
            rate = video.header.frame_rate_hz
            facts = _video_facts(video.header, digest)
            for draft in self._drafts(video, None, part, update):
                clip_facts = {**facts, "clip_start_s": round(draft.start / rate, 3)}
                clip_id = _clip_id(source, digest, draft.number)
                draft.finish(clip_id, rate, clip_facts, provenance, self.annotator, update)
            stated, decoded = video.header.num_frames, video.num_decoded
        if decoded == 0:
            raise VideoUnreadable(source.name, f"no frame: 0 of {stated} stated frames can be decoded")
        if decoded < _MIN_DECODED * stated - 2:
            return [f"truncated video: decoding stopped at frame {decoded} of {stated}; the rest is stored"]
        return []

    def _collect_stream(self, source: Source, provenance: Provenance, title: str) -> CollectResult:
        """Record a stream first and annotate it afterwards: a camera does not wait."""
        drafts: list[ClipDraft] = []
        with StagedFolder(self.staging.folder) as part:
            try:
                with VideoReader(source.location) as video:
                    rate = video.header.frame_rate_hz
                    max_frames = max(1, round(self.options.duration_s * rate))
                    facts = _video_facts(video.header, None)
                    drafts = list(self._drafts(video, max_frames, part.path, lambda _: None))
                if not drafts:
                    raise VideoUnreadable(source.name, "no frame: the stream opened and gave none")
                with progress(title, sum(map(len, drafts))) as update:
                    for draft in drafts:
                        clip_facts = {**facts, "clip_start_s": round(draft.start / rate, 3)}
                        clip_id = _clip_id(source, draft.digest, draft.number)
                        draft.finish(clip_id, rate, clip_facts, provenance, self.annotator, update)
                content = "".join(draft.digest for draft in drafts)
                key = self._part_key(content, repr(provenance))
                write_done(part.path, [])
                part.publish(self.staging.part(key))
                return CollectResult(key, None)
            finally:
                for draft in drafts:
                    draft.discard()

    def _drafts(
        self, video: VideoReader, max_frames: int | None, part: Path, update: Callable[[int], None]
    ) -> Iterator[ClipDraft]:
        """Yield each clip once all its frames are stored.

        Clips that an earlier process has published are only decoded, to find where the next one starts.
        """
        draft: ClipDraft | None = None
        try:
            rate = video.header.frame_rate_hz
            for decoded in cut_into_clips(islice(video.frames(), max_frames), rate, self.options):
                if draft is not None and draft.number != decoded.clip:
                    yield draft
                    draft = None
                if not decoded.keep:
                    continue
                if (part / clip_name(decoded.clip)).exists():
                    update(1)
                    continue
                if draft is None:
                    draft = ClipDraft(part, decoded.clip, decoded.start, self.options.jpeg_quality)
                draft.add(decoded.index, decoded.image)
            if draft is not None:
                yield draft
                draft = None
        finally:
            if draft is not None:
                draft.discard()

    @contextmanager
    def _progress(self, header: VideoHeader, title: str) -> Iterator[Callable[[int], None]]:
        rate = min(self.options.rate_hz or header.frame_rate_hz, header.frame_rate_hz)
        total = round(header.num_frames * rate / header.frame_rate_hz)
        with progress(title, total or None) as update:
            yield update


def _video_facts(header: VideoHeader, digest: str | None) -> dict[str, Fact]:
    """Return what is known of a source, for every clip of it; digest: None for a stream."""
    facts: dict[str, Fact] = {
        "source_width": header.width,
        "source_height": header.height,
        "source_frame_rate_hz": header.frame_rate_hz,
        "source_codec": header.codec,
    }
    if digest is None:
        return facts
    return facts | {
        "source_sha256": digest,
        "source_frames": header.num_frames,
        "source_duration_s": round(header.num_frames / header.frame_rate_hz, 3),
        "source_bit_rate_kbps": header.bit_rate_kbps,
        "source_rotation_deg": header.rotation_deg,
    }


def _clip_id(source: Source, digest: str, number: int) -> str:
    stem = _NOT_IN_ID.sub("-", PurePath(source.name).stem).strip("-.")[:60] or "clip"
    return f"{stem}-{digest[:8]}-{number:04d}"


@dataclass(frozen=True, slots=True)
class CollectedFootage:
    """The clips of all sources that are done."""

    footage: Footage
    pending: tuple[Source, ...]
    """Sources without a result yet: other processes work on them."""


def assemble(collector: Collector, sources: Sequence[Source], rejected: Quarantine) -> CollectedFootage:
    """Read the parts of all sources; every process gets the same, however the work was shared.

    Of two files with the same bytes the first by name is used, the other is added to `rejected`.
    """
    clips: dict[str, Clip] = {}
    pending: list[Source] = []
    first: dict[str, Source] = {}
    settings = collector.settings_key()
    for source in sources:
        result = collector.staging.result(source, settings)
        if result is None:
            pending.append(source)
            continue
        for finding in result.findings:
            rejected.add(source.name, finding)
        if result.part is None:
            continue
        content = result.sha256 or result.part
        if content in first:
            rejected.add(source.name, f"duplicate: the same content as {first[content].name}")
            continue
        first[content] = source
        clips |= {clip.id: clip for clip in collector.staging.clips(result.part)}
    return CollectedFootage(Footage([clips[name] for name in sorted(clips)], {}, rejected), tuple(pending))
