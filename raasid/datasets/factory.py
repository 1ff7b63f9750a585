"""From the `data` group to footage.

From the `data` group to what a datamodule of frames is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from raasid.datasets.augmentation import Augment
from raasid.datasets.loader_config import Loading
from raasid.footage.formats import reader
from raasid.footage.records import Clip, Footage
from raasid.footage.store import Store
from raasid.synthetic.generate import generate
from raasid.synthetic.league import League


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


Opener = Callable[[], list[Clip]]


def frame_source(section: Any, folder: Path, frames: int = 1) -> tuple[Loading, Opener | None]:
    """How footage is dealt out, and what opens the league beside it, where one was asked for.

    section: one of the data sections. folder: `paths.data`. frames: what the model sees at a time.
    """
    given = section.model_dump()
    augment = Augment(**given.pop("augment"))
    names = {field.name for field in fields(Loading)} - {"augment", "frames", "league_share"}
    loading = Loading(**{name: given[name] for name in names}, augment=augment, frames=frames)
    asked = given.get("league")
    if not asked:
        return loading, None
    league = League(**{name: value for name, value in asked.items() if name != "share"}, size=loading.size)
    return replace(loading, league_share=asked["share"]), partial(generate, league, folder)
