"""The videos that annotations name: where they lie, what their headers say, and which are not there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from raasid.data.media import VIDEO_SUFFIXES
from raasid.data.readers.film import FilmFacts, film_beside, film_facts
from raasid.data.readers.place import first_file, missing_note, place_of


class VideoFiles:
    """Looks for videos below a data root, and counts those that are missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._asked: set[Path] = set()
        self._missing: set[Path] = set()

    def find(self, name: str, folders: Sequence[Path], *other_names: str) -> tuple[Path, FilmFacts | None]:
        """Return a video's path and its header's facts; without facts where it is not there.

        name: as the annotations have it, which may lack the suffix or have another one; and other names that
        it may have. folders: where it may lie, the likeliest first; the first is where it should be.
        Raises FilmUnreadable, ValueUnusable.
        """
        for each in (name, *other_names):
            path = self._found(each, folders)
            if path is not None:
                self._asked.add(path)
                return path, film_facts(path)
        bare = place_of(Path(), name, "video name").name
        known = PurePosixPath(bare).suffix.lower() in VIDEO_SUFFIXES
        path = folders[0] / (bare if known else f"{bare}.mp4")
        self._asked.add(path)
        self._missing.add(path)
        return path, None

    def _found(self, name: str, folders: Sequence[Path]) -> Path | None:
        place = place_of(Path(), name, "video name")
        bare = PurePosixPath(place.name)
        known = bare.suffix.lower() in VIDEO_SUFFIXES
        stem = bare.stem if known else bare.name
        found = first_file(folder / part for folder in folders for part in (place, bare) if known)
        return found or film_beside(folders, stem)

    def notes(self) -> tuple[str, ...]:
        """Return the note that says how many videos are not there; none if all are."""
        if not self._missing:
            return ()
        example = min(self._missing).relative_to(self._root).as_posix()
        return missing_note("videos", len(self._missing), len(self._asked), example)
