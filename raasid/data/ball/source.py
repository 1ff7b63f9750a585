"""From the `data` group to the ball model's datamodule."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from raasid.data.augment import Augment
from raasid.data.ball.data import BallData
from raasid.data.loading import Loading
from raasid.data.sources import open_footage
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
