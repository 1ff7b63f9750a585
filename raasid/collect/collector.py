"""One source becomes one part: a video, a still picture, or some seconds of a stream.

From parts to a dataset version, when the parts of all shards are there.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath

from raasid.collect.annotators import Annotator
from raasid.collect.clip_cutting import cut
from raasid.collect.options import CollectSettings, Origin
from raasid.collect.source_discovery import Source
from raasid.collect.staging import DONE, ClipDraft, Outcome, Parts, clip_name, publish, write_whole
from raasid.console.terminal import progress
from raasid.footage.media import Media
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Clip, Fact, Footage, Frame, Provenance
from raasid.io.atomic import make_staging_folder
from raasid.io.image_header import ImageUnreadable, probe
from raasid.io.object_store import digest_of
from raasid.io.video_reader import Video, VideoFacts, VideoUnreadable

_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_TRUE_SUFFIX = {"jpeg": ".jpg", "png": ".png"}
_LIKE_IT = {"jpeg": {".jpg", ".jpeg"}, "png": {".png"}}
_SHORT_OF = 0.98
"""Containers miscount by a frame or two; a video that gives less than this share is cut off."""


@dataclass(frozen=True, slots=True)
class Collector:
    """Makes parts; the same source, settings and annotator give the same part on every machine."""

    parts: Parts
    settings: CollectSettings
    origin: Origin
    annotator: Annotator

    def stamp_key(self) -> str:
        """Name everything but the source that decides what comes of it."""
        return self.settings.key(str(self.settings.duration_s), self.annotator.name, repr(self.origin))

    def collect(self, source: Source, title: str) -> Outcome:
        """Make the part of a source, or go on where an interrupted process was.

        Raises nothing for footage that is bad: what is wrong stands in the outcome.
        """
        provenance = self.origin.provenance(source, self.annotator.name)
        try:
            if source.is_stream:
                return self._stream(source, provenance, title)
            digest = digest_of(source.path)
        except OSError as error:
            return Outcome(None, None, (f"cannot be read: {error.strerror}",))
        except VideoUnreadable as error:
            return Outcome(None, None, (error.reason,))
        key = self.settings.key(digest, self.annotator.name, repr(provenance))
        if (known := self.parts.findings(key)) is not None:
            return Outcome(key, digest, known)
        make = self._still if source.is_image else self._file
        try:
            findings = make(source, digest, self.parts.part(key), provenance, title)
        except (VideoUnreadable, ImageUnreadable) as error:
            return Outcome(None, digest, (error.reason,))
        write_whole(self.parts.part(key) / DONE, {"findings": findings})
        return Outcome(key, digest, tuple(findings))

    def _still(
        self, source: Source, digest: str, part: Path, provenance: Provenance, title: str
    ) -> list[str]:
        facts = probe(source.path)
        findings = []
        suffix = _TRUE_SUFFIX.get(facts.format)
        if suffix is not None and source.path.suffix.lower() not in _LIKE_IT[facts.format]:
            named = source.path.suffix
            findings.append(f"wrong extension: {facts.format} content is named {named}; stored as {suffix}")
        with progress(title, 1) as advance:
            if (part / clip_name(0)).exists():
                advance(1)
                return findings
            draft = ClipDraft(part, 0, 0, self.settings.jpeg_quality)
            try:
                with Media() as media:  # decoded once here: what cannot be read is not stored
                    image = media.read(Frame(0, source.path, facts.width, facts.height))
                if suffix is None:
                    draft.add(0, image)
                else:
                    height, width = image.shape[:2]
                    draft.add_file(0, source.path.read_bytes(), suffix, width, height)
                told: dict[str, Fact] = {"source_sha256": digest, "source_format": facts.format}
                draft.finish(_id(source, digest, 0), 25.0, told, provenance, self.annotator, advance)
            finally:
                draft.drop()
        return findings

    def _file(self, source: Source, digest: str, part: Path, provenance: Provenance, title: str) -> list[str]:
        if source.path.stat().st_size == 0:
            raise VideoUnreadable(source.name, "zero bytes: the file is empty")
        with Video(source.place) as video, self._progress(video.facts, title) as advance:
            facts = _facts(video.facts, digest)
            for draft in self._drafts(video, None, part, advance):
                place = {**facts, "clip_start_s": round(draft.start / video.facts.frame_rate_hz, 3)}
                clip_id = _id(source, digest, draft.number)
                draft.finish(clip_id, video.facts.frame_rate_hz, place, provenance, self.annotator, advance)
            stated, decoded = video.facts.frames_stated, video.decoded
        if decoded == 0:
            raise VideoUnreadable(source.name, f"no frame: 0 of {stated} stated frames can be decoded")
        if decoded < _SHORT_OF * stated - 2:
            return [f"truncated video: decoding stopped at frame {decoded} of {stated}; the rest is stored"]
        return []

    def _stream(self, source: Source, provenance: Provenance, title: str) -> Outcome:
        """Take a stream first and annotate it then: a camera does not wait."""
        part = make_staging_folder(self.parts.folder)
        waiting: list[ClipDraft] = []
        try:
            with Video(source.place) as video:
                rate = video.facts.frame_rate_hz
                most = max(1, round(self.settings.duration_s * rate))
                facts = _facts(video.facts, None)
                waiting = list(self._drafts(video, most, part, lambda _: None))
            if not waiting:
                raise VideoUnreadable(source.name, "no frame: the stream opened and gave none")
            with progress(title, sum(map(len, waiting))) as advance:
                for draft in waiting:
                    place = {**facts, "clip_start_s": round(draft.start / rate, 3)}
                    clip_id = _id(source, draft.digest, draft.number)
                    draft.finish(clip_id, rate, place, provenance, self.annotator, advance)
            content = "".join(draft.digest for draft in waiting)
            key = self.settings.key(content, self.annotator.name, repr(provenance))
            write_whole(part / DONE, {"findings": []})
            publish(part, self.parts.part(key))
            return Outcome(key, None)
        finally:
            for draft in waiting:
                draft.drop()
            shutil.rmtree(part, ignore_errors=True)

    def _drafts(
        self, video: Video, most: int | None, part: Path, advance: Callable[[int], None]
    ) -> Iterator[ClipDraft]:
        """Yield each clip when its pictures are all there.

        Clips that an earlier process has published are decoded, to find where the next starts, and no more.
        """
        draft: ClipDraft | None = None
        try:
            rate = video.facts.frame_rate_hz
            for taken in cut(islice(video.frames(), most), rate, self.settings):
                if draft is not None and draft.number != taken.clip:
                    yield draft
                    draft = None
                if not taken.keep:
                    continue
                if (part / clip_name(taken.clip)).exists():
                    advance(1)
                    continue
                if draft is None:
                    draft = ClipDraft(part, taken.clip, taken.start, self.settings.jpeg_quality)
                draft.add(taken.index, taken.image)
            if draft is not None:
                yield draft
                draft = None
        finally:
            if draft is not None:
                draft.drop()

    @contextmanager
    def _progress(self, facts: VideoFacts, title: str) -> Iterator[Callable[[int], None]]:
        rate = min(self.settings.rate_hz or facts.frame_rate_hz, facts.frame_rate_hz)
        total = round(facts.frames_stated * rate / facts.frame_rate_hz)
        with progress(title, total or None) as advance:
            yield advance


def _facts(facts: VideoFacts, digest: str | None) -> dict[str, Fact]:
    """What is known of the file, for every clip of it; no times of its own, no places."""
    told: dict[str, Fact] = {
        "source_width": facts.width,
        "source_height": facts.height,
        "source_frame_rate_hz": facts.frame_rate_hz,
        "source_codec": facts.codec,
    }
    if digest is None:
        return told
    return told | {
        "source_sha256": digest,
        "source_frames": facts.frames_stated,
        "source_duration_s": round(facts.frames_stated / facts.frame_rate_hz, 3),
        "source_bit_rate_kbps": facts.bit_rate_kbps,
        "source_rotation_deg": facts.rotation_deg,
    }


def _id(source: Source, digest: str, number: int) -> str:
    stem = _NO_NAME.sub("-", PurePath(source.name).stem).strip("-.")[:60] or "clip"
    return f"{stem}-{digest[:8]}-{number:04d}"


@dataclass(frozen=True, slots=True)
class Assembled:
    """What the parts of a list give together."""

    footage: Footage
    waiting: tuple[Source, ...]
    """Sources of which nothing is known yet: other processes have them."""


def assemble(collector: Collector, sources: Sequence[Source], left_out: Quarantine) -> Assembled:
    """Read the parts of all sources; whoever does it, and however the work was shared, gets the same.

    Two files with the same bytes are one: the first by name is used, the other is named in `left_out`.
    """
    clips: dict[str, Clip] = {}
    waiting: list[Source] = []
    first: dict[str, Source] = {}
    stamp = collector.stamp_key()
    for source in sources:
        outcome = collector.parts.outcome(source, stamp)
        if outcome is None:
            waiting.append(source)
            continue
        for finding in outcome.findings:
            left_out.add(source.name, finding)
        if outcome.part is None:
            continue
        same = outcome.sha256 or outcome.part
        if same in first:
            left_out.add(source.name, f"duplicate: the same content as {first[same].name}")
            continue
        first[same] = source
        clips |= {clip.id: clip for clip in collector.parts.clips(outcome.part)}
    return Assembled(Footage([clips[name] for name in sorted(clips)], {}, left_out), tuple(waiting))
