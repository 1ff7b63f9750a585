"""Find what the model takes for a ball, so that it sees more of it."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch

from raasid.datasets.ball.datamodule import BallDataModule
from raasid.datasets.sampler import HardNegative
from raasid.models.ball.module import BallModule


class HardNegativeMining(pl.Callback):
    """Hard negative mining (Sung and Poggio 1998), at the end of every epoch's training batches.

    Penalty spots, boots and line crossings are rare among random crops, and they are what a young model
    falls for. Some whole training frames are looked at, and confident candidates away from every ball
    are remembered; the sampler sends part of its draws there from the next epoch on. Which frames are
    looked at depends on seed and epoch alone, and the places are part of the checkpoint.

    start: optimiser steps before the first look. frames: how many are looked at each time.
    keep: how many places are remembered, the newest ones. score: least confidence of a place.
    """

    def __init__(self, start: int = 50, frames: int = 24, keep: int = 600, score: float = 0.05) -> None:
        self.start, self.frames, self.keep, self.score = start, frames, keep, score

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look round after the last batch of an epoch, before it is validated and saved."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        last = batch_idx + 1 == trainer.num_training_batches
        if not last or trainer.global_step < self.start or not isinstance(data, BallDataModule):
            return
        if isinstance(pl_module, BallModule) and data.config.hard_negatives and data.config.crop is not None:
            data.hard_negatives += self._look(pl_module, data, trainer.current_epoch)
            del data.hard_negatives[: -self.keep]

    @torch.no_grad()
    def _look(self, model: BallModule, data: BallDataModule, epoch: int) -> list[HardNegative]:
        frames = data.train_dataset
        rng = np.random.default_rng([data.seed, epoch, 2])
        chosen = rng.choice(data.num_real_frames, min(self.frames, data.num_real_frames), replace=False)
        found: list[HardNegative] = []
        model.eval()
        for index in map(int, chosen):
            image, balls, _, _ = frames[index]
            seen = model.detect(torch.from_numpy(np.array(image))[None].to(model.device), quick=True)[0]
            for (x, y), score in zip(seen.xy[:6].tolist(), seen.score[:6].tolist(), strict=True):
                near = np.abs(balls[:, :2] - [x, y]).max(1) < np.maximum(12, balls[:, 2:].max(1))
                if score > self.score and not near.any():
                    found.append(HardNegative(index, x, y))
        model.train()
        return found
