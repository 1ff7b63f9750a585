"""What the datamodules of all tasks offer to the verbs."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from torch.utils.data import DataLoader

from raasid.footage.records import Clip, Footage
from raasid.footage.splits import Splits

Loader = DataLoader[Any]


class TaskData(pl.LightningDataModule):
    """Footage in, batches out, no match in two splits."""

    footage: Footage | None = None
    """As it was read; None before `setup`."""
    splits: Splits | None = None
    league: list[Clip]
    """What is trained on besides `splits.train`."""
    calibration: list[Clip]
    """What chances are calibrated on besides `splits.val`."""

    def __init__(self) -> None:
        super().__init__()
        self.league, self.calibration = [], []

    @abstractmethod
    def held_out(self, split: str) -> Loader:
        """Every sample of a split once and unvaried, as evaluation sees it.

        Raises UsageError where the split is empty.
        """

    @property
    def facts(self) -> dict[str, str]:
        """What else the batches were made from, for report and lineage: upstream models, digests."""
        return {}

    @property
    def upstream(self) -> dict[str, Path]:
        """Checkpoints of the models whose output the batches are made from, by role."""
        return {}

    @property
    def rank_and_world(self) -> tuple[int, int]:
        """Number of the process among those that train together."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)

    @property
    def on_gpu(self) -> bool:
        """Whether batches go to a GPU."""
        return self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"
