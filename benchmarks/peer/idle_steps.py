"""Steps of a model that costs nothing, through our loop and through a bare Lightning Trainer."""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from raasid.config.compose import compose
from raasid.pipeline.verb_configs import TrainConfig
from raasid.training.fit import fit

WARM_UP = 100
LOG_EVERY = 20


class Idle(pl.LightningModule):
    """One weight matrix of eight numbers; notes when each step begins."""

    optimization: object = None
    config: object = None

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 1)
        self.began: list[tuple[float, float]] = []

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        """Log as often as the ball models do."""
        self.began.append((time.perf_counter(), time.process_time()))
        loss: Tensor = self.layer(batch[0]).square().mean()
        if batch_idx % LOG_EVERY == 0:
            self.log("train/loss", loss.detach())
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The same on both sides."""
        return torch.optim.SGD(self.parameters(), 1e-3)

    @property
    def step_ms(self) -> tuple[float, float]:
        """Mean wall-clock and processor time from one step to the next, after a warm-up."""
        steps = len(self.began) - 1 - WARM_UP
        wall, processor = (b - a for a, b in zip(self.began[WARM_UP], self.began[-1], strict=True))
        return 1000 * wall / steps, 1000 * processor / steps


class Rows(pl.LightningDataModule):
    """Random rows, one to a batch."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.rows = TensorDataset(torch.zeros(steps, 8))

    def train_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        """As many batches as steps."""
        return DataLoader(self.rows)


def ours_ms(steps: int) -> tuple[float, float]:
    """A step through `raasid.training.fit` with the default callbacks and logger."""
    model = Idle()
    with tempfile.TemporaryDirectory() as name:
        cfg = compose(
            "train", TrainConfig, ["trainer.accelerator=cpu", "trainer.max_epochs=1", f"paths.root={name}"]
        )
        fit(cfg, model, Rows(steps), Path(name))
    return model.step_ms


def bare_ms(steps: int) -> tuple[float, float]:
    """A step through a Trainer without anything, but for what decides what a step computes."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    model = Idle()
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=1,
        gradient_clip_val=10.0,
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, Rows(steps))
    return model.step_ms
