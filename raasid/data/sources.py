"""From the `data` group to footage."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from raasid.data.footage import Footage
from raasid.data.loading import Loading
from raasid.data.readers import reader
from raasid.data.store.store import Store
from raasid.data.synthetic.generate import generate
from raasid.data.synthetic.league import League


def open_footage(section: Any, folder: Path) -> Footage:
    """Read the user's data root or a stored version, or render the league under `folder` on first use."""
    given = section.model_dump()
    if section.format == "synthetic":
        return _synthetic(given, folder)
    if section.format == "store":
        return Store(Path(section.root)).find(section.dataset).footage()
    own = {name: value for name, value in given.items() if name not in _COMMON}
    return reader(section.format)(Path(section.root), **own)


_COMMON = {field.name for field in fields(Loading)} | {
    "format",
    "root",
    "league",
    "people",
    "tracks",
    "max_false_positives",
}
"""Fields that are not a reader's options."""


def _synthetic(given: dict[str, Any], folder: Path) -> Footage:
    """Matches in the order test, val, train, so that a longer league keeps its held-out matches."""
    held_out = given["test_matches"] + given["val_matches"]
    named = {field.name for field in fields(League)} & set(given)
    league = League(**{name: given[name] for name in named}, seed=given["league_seed"])
    clips = generate(league, folder)
    matches = list(dict.fromkeys(clip.match for clip in clips))
    use = dict.fromkeys(matches, "train")
    use |= dict.fromkeys(matches[:held_out], "val") | dict.fromkeys(matches[: given["test_matches"]], "test")
    splits: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for clip in clips:
        splits[use[clip.match]].append(clip.id)
    return Footage(clips, splits)
