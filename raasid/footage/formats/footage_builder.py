"""Builds `Footage` from the clips of a reader, and recognises the names of splits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

from raasid.errors import NoUsableSamples
from raasid.escaping import printable
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Clip, Footage

SPLIT_SPELLINGS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
"""Split -> names of its folders and files."""


def split_from_name(name: str) -> str | None:
    """Return the split that a folder or file name means, or None."""
    folded = name.casefold()
    return next((split for split, spellings in SPLIT_SPELLINGS.items() if folded in spellings), None)


def build_footage(
    root: Path,
    clips: Iterable[Clip],
    splits: Mapping[str, Iterable[str]],
    quarantine: Quarantine,
    notes: Iterable[str],
    expected: str,
) -> Footage:
    """Sort clips by id, keep the first of each, and limit the splits to them.

    expected: layout of the format, for the error message. Raises NoUsableSamples if there is no clip.
    """
    kept: dict[str, Clip] = {}
    for clip in clips:
        if kept.setdefault(clip.id, clip) is not clip:
            quarantine.add(clip.id, f"second clip of one name: {clip.id}; the first one counts")
    if not kept:
        first = "".join(f"; the first: {entry.path}: {entry.reason}" for entry in islice(quarantine, 1))
        raise NoUsableSamples(root, quarantine.describe() + first if quarantine else f"expected {expected}")
    declared = {split: sorted(set(map(printable, ids)) & kept.keys()) for split, ids in splits.items()}
    return Footage(
        [kept[name] for name in sorted(kept)],
        {split: ids for split, ids in declared.items() if ids},
        quarantine,
        tuple(notes),
    )
