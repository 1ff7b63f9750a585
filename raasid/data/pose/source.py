"""From the `data` group to the datamodule of a pose model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from raasid.data.frame_source import frame_source
from raasid.data.pose.crop_shape import CropShape
from raasid.data.pose.data import PoseData
from raasid.data.pose.sampling import Sampling
from raasid.data.sources import open_footage


def pose_data(section: Any, paths: Any, seed: int, shape: CropShape | None = None) -> PoseData:
    """Make the datamodule that the `data` section describes; nothing is read yet.

    section: one of the data sections. paths: the paths section. shape: the crops that the model reads;
    None for one that looks at whole pictures.
    """
    folder = Path(paths.data)
    loading, league = frame_source(section, folder)
    sampling = Sampling(**section.people.model_dump())
    return PoseData(
        partial(open_footage, section, folder), loading, sampling, shape, folder / "frames", seed, league
    )
