"""Find what the model takes for a ball, so that it sees more of it."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch

from raasid.datasets.ball.datamodule import BallData
from raasid.datasets.sampler import LookAlike
from raasid.models.ball.module import BallModule


class LookAlikes(pl.Callback):
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
        if not last or trainer.global_step < self.start or not isinstance(data, BallData):
            return
        if isinstance(pl_module, BallModule) and data.loading.look_alikes and data.loading.crop is not None:
            data.look_alikes += self._look(pl_module, data, trainer.current_epoch)
            del data.look_alikes[: -self.keep]

    @torch.no_grad()
    def _look(self, model: BallModule, data: BallData, epoch: int) -> list[LookAlike]:
        frames = data.training_frames
        rng = np.random.default_rng([data.seed, epoch, 2])
        chosen = rng.choice(data.own_frames, min(self.frames, data.own_frames), replace=False)
        found: list[LookAlike] = []
        model.eval()
        for index in map(int, chosen):
            image, balls, _, _ = frames[index]
            seen = model.detect(torch.from_numpy(np.array(image))[None].to(model.device), quick=True)[0]
            for (x, y), score in zip(seen.xy[:6].tolist(), seen.score[:6].tolist(), strict=True):
                near = np.abs(balls[:, :2] - [x, y]).max(1) < np.maximum(12, balls[:, 2:].max(1))
                if score > self.score and not near.any():
                    found.append(LookAlike(index, x, y))
        model.train()
        return found
