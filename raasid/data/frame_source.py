"""From the `data` group to what a datamodule of frames is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from raasid.data.augment import Augment
from raasid.data.loading import Loading
from raasid.data.records import Clip
from raasid.data.synthetic.generate import generate
from raasid.data.synthetic.league import League

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
