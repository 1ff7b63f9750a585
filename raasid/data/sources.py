"""From the `data` group to a datamodule."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from raasid.data.augment import Augment
from raasid.data.ball_data import BallData, Loading
from raasid.data.footage import Footage
from raasid.data.readers import reader
from raasid.data.synthetic.generate import generate
from raasid.data.synthetic.league import League


def ball_data(section: Any, paths: Any, seed: int, frames: int) -> BallData:
    """Make the datamodule that the `data` section describes; nothing is read yet.

    section: one of the data sections. paths: the paths section. frames: what the model sees at a time.
    """
    given = section.model_dump()
    augment = Augment(**given.pop("augment"))
    names = {field.name for field in fields(Loading)} - {"augment", "frames", "league_share"}
    loading = Loading(**{name: given[name] for name in names}, augment=augment, frames=frames)
    folder = Path(paths.data)
    beside = None
    if asked := given.get("league"):
        league = League(
            **{name: value for name, value in asked.items() if name != "share"}, size=loading.size
        )
        beside = partial(generate, league, folder)
        loading = replace(loading, league_share=asked["share"])
    return BallData(partial(open_footage, section, folder), loading, folder / "frames", seed, beside)


def open_footage(section: Any, folder: Path) -> Footage:
    """Read the user's data root, or render the embedded league under `folder` on first use."""
    given = section.model_dump()
    if section.format == "synthetic":
        return _synthetic(given, folder)
    own = {name: value for name, value in given.items() if name not in _COMMON}
    return reader(section.format)(Path(section.root), **own)


_COMMON = {field.name for field in fields(Loading)} | {"format", "root", "league"}
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
