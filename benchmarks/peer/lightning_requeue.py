"""A training as Lightning's documentation has it on Slurm: it saves a checkpoint on USR1 and is queued again.

Run by srun, one process on each node: the network of the ball model on random images, 6 steps an epoch.
Arguments: a folder, the number of epochs, seconds that each step pauses.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from raasid.models.ball.heatmap import BallNet


class BallTraining(pl.LightningModule):
    """Trains the network towards an empty heat map."""

    def __init__(self) -> None:
        super().__init__()
        self.net = BallNet(channels=4)

    def training_step(self, batch: list[Tensor], _: int) -> Tensor:
        """Return the loss of a batch."""
        out: Tensor = self.net(batch[0])
        return out.square().mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser of the ball model's default."""
        return torch.optim.AdamW(self.parameters(), 0.002)


class StepNotes(pl.Callback):
    """Tells each step of rank 0 as `RESTART step STEP`; it takes a moment."""

    def __init__(self, file: Path, pause_s: float) -> None:
        self._file, self._pause_s = file, pause_s

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Tell a step."""
        if trainer.is_global_zero:
            with self._file.open("a") as file:
                file.write(f"{os.environ.get('SLURM_RESTART_COUNT', '0')} step {trainer.global_step}\n")
        time.sleep(self._pause_s)


def main() -> None:
    folder, epochs, pause_s = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    pl.seed_everything(1)
    images = TensorDataset(torch.rand(24, 3, 96, 96))
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=1,
        num_nodes=2,
        strategy="ddp",
        max_epochs=epochs,
        default_root_dir=folder,
        plugins=[SLURMEnvironment(auto_requeue=True)],
        callbacks=[StepNotes(folder / "steps", pause_s)],
        logger=False,
        enable_progress_bar=False,
    )
    trainer.fit(BallTraining(), DataLoader(images, batch_size=2, shuffle=True))


if __name__ == "__main__":
    main()
