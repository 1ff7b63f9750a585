"""From the `data` group to the ball model's datamodule."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from raasid.data.ball.data import BallData
from raasid.data.frame_source import frame_source
from raasid.data.sources import open_footage


def ball_data(section: Any, paths: Any, seed: int, frames: int) -> BallData:
    """Make the datamodule that the `data` section describes; nothing is read yet.

    section: one of the data sections. paths: the paths section. frames: what the model sees at a time.
    """
    folder = Path(paths.data)
    loading, league = frame_source(section, folder, frames)
    return BallData(partial(open_footage, section, folder), loading, folder / "frames", seed, league)
