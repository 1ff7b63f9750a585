"""Frames decoded once, at the size of the network's input, and kept in one memory-mapped file."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.console.terminal import progress
from raasid.footage.frame_reader import FrameReader
from raasid.io.drafts import Draft, remove_abandoned
from raasid.io.file_digests import CACHE_NAME, FileDigests, FileUnreadable
from raasid.io.image_reader import ImageUnreadable, opencv_name, probe_image
from raasid.io.lease import LeaseOwner, making_alone

Image = NDArray[np.uint8]

_log = logging.getLogger(__name__)
_LAYOUT = "raasid-frames-1"
"""Part of the key; must be changed when `decode_image` gives other pixels."""
_THREADS = 2
_RECENT_BYTES = 64 << 20
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


class VideoFrame(NamedTuple):
    """One frame of a video file, counted from 0."""

    video: Path
    number: int


Source = Path | VideoFrame


class FrameCache:
    """Decoded frames by index: `cache[i]` is (height, width, 3) uint8 RGB, read-only.

    sources: image files, or numbered frames of videos; the files must exist. size: (width, height) in
    pixels. An image keeps its aspect ratio: it is scaled by `scale_of(i)`, placed at the top left corner,
    and the rest is black.
    folder, budget_gib: where all frames are kept, and up to which size; the first process fills the file,
    those that want it meanwhile wait, and later ones map it. Above the budget, with budget 0, or when the
    disk is full, frames are decoded on access. fallback: a folder for them where `folder` has no room.
    digests: SHA-256 of sources, where they are known. The file is
    named by the content of the sources (digest, or else path, size and modification time) and by `size`, so
    that a changed image is decoded again, and by the digest of its pixels: one that has another number of
    frames or another digest is made anew. A file is digested once, in about 1.3 s per GiB, and again when its
    size or times have changed.
    Can be pickled and forked: a worker maps the same file.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        size: tuple[int, int],
        folder: Path,
        budget_gib: float,
        digests: Mapping[Path, str] | None = None,
        fallback: Path | None = None,
    ) -> None:
        self.size = size
        self._sources = list(sources)
        self._scales: dict[int, float] = {}
        self._media = FrameReader()
        self._mapped: Image | None = None
        self._recent: OrderedDict[int, Image] = OrderedDict()
        self.file: Path | None = None
        """The file that holds all frames; None where frames are decoded on access."""
        if sources and len(sources) * self._frame_bytes <= budget_gib * 2**30:
            stem = f"frames-{size[0]}x{size[1]}-{_digest(self._sources, size, digests or {})}"
            self.file = self._find(folder, stem) or self._fill(folder, stem, fallback)

    def __len__(self) -> int:
        return len(self._sources)

    def __getitem__(self, index: int) -> Image:
        """Return frame `index`, (height, width, 3) uint8 RGB; raises ImageUnreadable, IndexError."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} of {len(self)}")
        index %= len(self)
        if self.file is not None:
            if self._mapped is None:
                shape = (len(self), self.size[1], self.size[0], 3)
                self._mapped = np.memmap(self.file, np.uint8, "r", shape=shape)
            return cast("Image", self._mapped[index].view(np.ndarray))
        if index not in self._recent:
            frame = self._decode(self._sources[index])
            frame.setflags(write=False)
            self._recent[index] = frame
            while len(self._recent) > max(1, _RECENT_BYTES // self._frame_bytes):
                self._recent.popitem(last=False)
        self._recent.move_to_end(index)
        return self._recent[index]

    def scale_of(self, index: int) -> float:
        """Network pixels per source pixel of frame `index`: multiply a label's coordinates by it."""
        if index not in self._scales:
            source = self._sources[index]
            if isinstance(source, VideoFrame):
                width, height = self._media.size(source.video)
            else:
                header = probe_image(source)
                width, height = header.width, header.height
            self._scales[index] = _scale(width, height, self.size)
        return self._scales[index]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_mapped": None, "_recent": OrderedDict(), "_media": FrameReader()}

    @property
    def _frame_bytes(self) -> int:
        return self.size[0] * self.size[1] * 3

    def _find(self, folder: Path, stem: str) -> Path | None:
        """Return the file that is there and has the size and the digest that its name and `len` say."""
        remove_abandoned(folder)
        digests = FileDigests(folder / CACHE_NAME)
        for file in sorted(folder.glob(f"{stem}-*.u8")):
            with suppress(FileNotFoundError, FileUnreadable):
                if file.stat().st_size == len(self) * self._frame_bytes:
                    found = digests.of([file], "checking the frame cache")
                    if file == _complete_file(folder, stem, found.get(file, "")):
                        return file
            _log.warning("frame cache: %s is damaged; the frames are decoded anew", file)
        return None

    def _fill(self, folder: Path, stem: str, fallback: Path | None = None) -> Path | None:
        """Decode all frames into a file, which appears only when complete; None if the disk has no room."""
        waited: list[str] = []

        def tell(owner: LeaseOwner) -> None:
            waited.append(owner.host)
            _log.info("frame cache: another process, on %s, decodes these frames; waiting for it", owner.host)

        try:
            folder.mkdir(parents=True, exist_ok=True)
            with making_alone(folder / stem, tell):
                found = self._find(folder, stem) if waited else None
                return found or self._decode_into(folder, stem)
        except OSError as error:
            if error.errno not in _NO_SPACE:
                raise
            needed = len(self) * self._frame_bytes / 2**30
            what = f"frame cache: {folder}: {error.strerror}; {needed:.1f} GiB are needed"
            if fallback is not None:
                _log.warning("%s. Frames are kept in %s instead", what, fallback)
                return self._find(fallback, stem) or self._fill(fallback, stem)
            _log.warning(
                "%s. Frames are decoded when asked for, which is slower; make room there, "
                "or set paths.data to another disk",
                what,
            )
            return None

    def _decode_into(self, folder: Path, stem: str) -> Path:
        """Decode all frames into a draft, and publish it. Raises OSError."""
        digest = hashlib.sha256()
        with Draft(folder, stem) as draft:
            with draft.path.open("wb") as out:
                _reserve(out.fileno(), len(self) * self._frame_bytes)
                # written, not mapped: on a full disk a write fails with an error, a mapping with SIGBUS
                for frame in self._decoded():
                    out.write(frame.data)
                    digest.update(frame.data)
                out.flush()
                os.fsync(out.fileno())  # else a power cut may leave a complete file of black frames
            file = _complete_file(folder, stem, digest.hexdigest())
            draft.path.replace(file)
        return file

    def _decoded(self) -> Iterator[Image]:
        with (
            ThreadPoolExecutor(_THREADS) as pool,
            progress("decoding frames", total=len(self)) as update,
        ):
            chunk = 8 * _THREADS  # bounds the memory
            for start in range(0, len(self), chunk):
                sources = self._sources[start : start + chunk]
                if any(isinstance(source, VideoFrame) for source in sources):  # a video is read in order
                    yield from map(self._decode, sources)
                else:
                    yield from pool.map(self._decode, sources)
                update(len(sources))

    def _decode(self, source: Source) -> Image:
        if isinstance(source, VideoFrame):
            pixels = self._media.frame(source.video, source.number)
            height, width = pixels.shape[:2]
            return fit_frame(pixels, width, height, self.size)
        return decode_image(source, self.size)


def decode_image(path: Path, size: tuple[int, int]) -> Image:
    """Decode an image to (height, width, 3) uint8 RGB for `size` = (width, height).

    Scaled by min(width / w, height / h), placed at (0, 0), the rest 0; a side is rounded to whole pixels,
    so that a label is at most half a pixel off at the far edge. Raises ImageUnreadable.
    A JPEG to be halved is scaled while it is decoded (half its DCT coefficients), which is one and a half to
    two times faster than decoding and averaging, and on average 0.3 grey levels away, without a shift.
    """
    header = probe_image(path)
    scale = _scale(header.width, header.height, size)
    even = header.width % 2 == 0 and header.height % 2 == 0  # else half a pixel is rounded up and shifts
    halve = header.format == "jpeg" and scale <= 0.5 and even
    pixels = cv2.imread(opencv_name(path), cv2.IMREAD_REDUCED_COLOR_2 if halve else cv2.IMREAD_COLOR)
    if pixels is None:
        raise ImageUnreadable(
            path, f"damaged image: OpenCV cannot decode its {header.width}x{header.height} pixels"
        )
    return fit_frame(np.asarray(pixels, np.uint8), header.width, header.height, size)


def fit_frame(pixels: Image, source_width: int, source_height: int, size: tuple[int, int]) -> Image:
    """Return a decoded blue-green-red image, possibly halved already, as RGB, scaled as by `decode_image`."""
    scale = _scale(source_width, source_height, size)
    width, height = max(1, round(source_width * scale)), max(1, round(source_height * scale))
    if pixels.shape[:2] != (height, width):
        shrinks = width < pixels.shape[1]
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        pixels = cast("Image", cv2.resize(pixels, (width, height), interpolation=interpolation))
    pixels = cast("Image", cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
    if (width, height) == size:
        return pixels
    frame = np.zeros((size[1], size[0], 3), np.uint8)
    frame[:height, :width] = pixels
    return frame


def _scale(width: int, height: int, size: tuple[int, int]) -> float:
    return min(size[0] / width, size[1] / height)


def _complete_file(folder: Path, stem: str, sha256: str) -> Path:
    """Name the file of these pixels; processes that read it keep their mapping when it is replaced."""
    return folder / f"{stem}-{sha256[:32]}.u8"


def _digest(sources: Sequence[Source], size: tuple[int, int], digests: Mapping[Path, str]) -> str:
    digest = hashlib.sha256(f"{_LAYOUT} {size[0]} {size[1]} {cv2.__version__}\n".encode())
    for source in sources:
        path, number = source if isinstance(source, VideoFrame) else (source, None)
        which = "" if number is None else f" {number}"
        if path in digests:
            digest.update(f"{digests[path]}{which}\n".encode())
            continue
        try:
            status = path.stat()
        except OSError as error:
            raise ImageUnreadable(path, f"missing: {error.strerror}") from error
        digest.update(os.fsencode(f"{path.absolute()}\0{status.st_size} {status.st_mtime_ns}{which}\n"))
    return digest.hexdigest()[:16]


def _reserve(file: int, size: int) -> None:
    """Reserve the space before decoding, so that a full disk is noticed now and not after minutes."""
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file, 0, size)
    except OSError as error:
        if error.errno not in {
            errno.EINVAL,
            errno.ENODEV,
            errno.ENOSYS,
            errno.EOPNOTSUPP,
        }:  # cannot be reserved
            raise
