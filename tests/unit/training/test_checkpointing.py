"""Which checkpoints a run keeps, with and without validation in every epoch."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from raasid.training import checkpointing
from raasid.training.checkpointing import Checkpoint

STEPS = 2


class Scored(pl.LightningModule):
    """Logs a given score at each validation."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self.layer, self.scores = nn.Linear(2, 1), scores

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        return self.layer(batch).mean()

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        self.log("val/detection_rate", self.scores[self.trainer.current_epoch])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


def steps_kept(folder: Path, every: int, scores: list[float]) -> dict[str, int]:
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=len(scores),
        check_val_every_n_epoch=every,
        callbacks=[Checkpoint()],
        default_root_dir=folder,
        logger=False,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    rows = DataLoader(torch.zeros(STEPS, 2), batch_size=1)
    trainer.fit(Scored(scores), rows, rows)
    kept = {}
    for name in ("best", "last"):
        checkpoint = torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
        kept[name] = checkpoint["global_step"] // STEPS
    return kept


@pytest.mark.parametrize(
    ("every", "scores", "best"),
    [
        (1, [0.5, 0.7, 0.6], 2),
        (1, [0.5, 0.7, 0.7], 3),  # the longer trained of two equals
        (1, [0.5, float("nan"), 0.4], 1),
        (2, [0.9, 0.7, 0.9, 0.6, 0.9], 2),  # only even epochs are validated
        (4, [0.1, 0.2, 0.3], 3),  # none is: the last is the best
    ],
)
def test_the_best_is_the_best_that_was_validated_and_the_last_is_the_last(
    every: int, scores: list[float], best: int, tmp_path: Path
) -> None:
    assert steps_kept(tmp_path, every, scores) == {"best": best, "last": len(scores)}


def test_a_long_epoch_is_saved_when_the_last_checkpoint_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, saved = [0.0], list[int]()

    class Clock(pl.Callback):
        def on_train_batch_start(self, *_: object) -> None:
            clock[0] += 25.0

    def save(trainer: pl.Trainer, _: Path) -> None:
        saved.append(trainer.global_step)

    monkeypatch.setattr(checkpointing, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(pl.Trainer, "save_checkpoint", save)
    monkeypatch.setattr(checkpointing, "_link", lambda *_: None)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=1,
        limit_val_batches=0,
        callbacks=[Clock(), Checkpoint(every_n_minutes=1)],
        default_root_dir=tmp_path,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Scored([0.5]), DataLoader(torch.zeros(8, 2), batch_size=1))
    assert saved == [3, 6, 8]  # after 75 and 150 seconds, and at the end
