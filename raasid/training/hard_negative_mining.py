"""Hard negative mining: find false positives in training frames, so that they are sampled more often."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch

from raasid.datasets.ball.datamodule import BallDataModule
from raasid.datasets.sampler import HardNegative
from raasid.models.ball.module import BallModule


class HardNegativeMining(pl.Callback):
    """Mine hard negatives (Sung and Poggio 1998) after the last training batch of each epoch.

    Penalty spots, boots and line crossings are rare among random crops, but typical false positives of a
    partly trained model. Some whole training frames are searched, and confident candidates away from every
    ball are stored; from the next epoch on, part of the crops is sampled there. The frames depend on seed and
    epoch alone, and the positions are part of the checkpoint.

    start: optimiser steps before the first search. frames: number of frames per search.
    keep: number of positions that are stored, the newest ones. min_score: of a candidate.
    """

    def __init__(self, start: int = 50, frames: int = 24, keep: int = 600, min_score: float = 0.05) -> None:
        self.start, self.frames, self.keep, self.min_score = start, frames, keep, min_score

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Search after the last batch of an epoch, before it is validated and saved."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        last = batch_idx + 1 == trainer.num_training_batches
        if not last or trainer.global_step < self.start or not isinstance(data, BallDataModule):
            return
        if isinstance(pl_module, BallModule) and data.config.hard_negatives and data.config.crop is not None:
            data.hard_negatives += self._mine(pl_module, data, trainer.current_epoch)
            del data.hard_negatives[: -self.keep]

    @torch.no_grad()
    def _mine(self, model: BallModule, data: BallDataModule, epoch: int) -> list[HardNegative]:
        frames = data.train_dataset
        rng = np.random.default_rng([data.seed, epoch, 2])
        chosen = rng.choice(data.num_real_frames, min(self.frames, data.num_real_frames), replace=False)
        found: list[HardNegative] = []
        model.eval()
        for index in map(int, chosen):
            image, balls, _, _ = frames[index]
            batch = torch.from_numpy(np.array(image))[None].to(model.device)
            candidates = model.detect(batch, quick=True)[0]
            for (x, y), score in zip(candidates.xy[:6].tolist(), candidates.score[:6].tolist(), strict=True):
                near = np.abs(balls[:, :2] - [x, y]).max(1) < np.maximum(12, balls[:, 2:].max(1))
                if score > self.min_score and not near.any():
                    found.append(HardNegative(index, x, y))
        model.train()
        return found
