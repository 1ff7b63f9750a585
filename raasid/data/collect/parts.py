"""Finished work on disk: parts, their clips, and a stamp for each source; each appears whole or not at all.

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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from raasid.data import coco_video
from raasid.data.collect.listing import Source
from raasid.data.drafts import draft_of, sweep
from raasid.data.records import Clip

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

    def sweep(self) -> None:
        """Remove the drafts of dead processes; of other machines, those that have not grown for hours."""
        for home in (self._stamps, self.folder, *self._unfinished()):
            sweep(home)
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
            found += coco_video.read(folder)
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
    draft = draft_of(path.parent)
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
