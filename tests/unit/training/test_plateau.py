"""A plateau schedule is stepped after validations, where its metric is logged, and survives a resume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from raasid.errors import UsageError
from raasid.training.checkpointing import Checkpoint
from raasid.training.config import PlateauConfig, SgdConfig
from raasid.training.optimizer import ConfiguredOptimization, PlateauSchedule

STEPS = 2


class Scored(pl.LightningModule):
    """Logs a given score at each validation, and remembers the learning rate of each step."""

    def __init__(self, scores: list[float], monitor: str = "val/score") -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.scores = nn.Linear(2, 1), scores
        schedule = PlateauConfig(monitor=monitor, mode="max", factor=0.5, patience=0)
        self.optimization = ConfiguredOptimization(SgdConfig(lr=1.0), schedule)
        self.rates: list[float] = []

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.rates.append(self.trainer.optimizers[0].param_groups[0]["lr"])
        return self.layer(batch).square().mean()

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        self.log("val/score", self.scores[self.trainer.current_epoch])

    def configure_optimizers(self) -> Any:
        return self.optimization.configure(self, 1)


def fitted(model: Scored, folder: Path, epochs: int, every: int = 1, **more: Any) -> Scored:
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        check_val_every_n_epoch=every,
        callbacks=[PlateauSchedule(), Checkpoint()],
        default_root_dir=folder,
        logger=False,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    rows = DataLoader(torch.ones(STEPS, 2), batch_size=1)
    trainer.fit(model, rows, rows, weights_only=True, **more)
    return model


@pytest.mark.parametrize(
    ("every", "scores", "rates"),
    [
        (1, [0.5, 0.5, 0.6, 0.6, 0.6], [1.0, 1.0, 0.5, 0.5, 0.25]),
        (2, [0.0, 0.5, 0.0, 0.5, 0.0], [1.0, 1.0, 1.0, 1.0, 0.5]),  # the first epochs log no score
        (9, [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]),
    ],
)
def test_the_rate_falls_after_the_validations_that_brought_no_improvement(
    every: int, scores: list[float], rates: list[float], tmp_path: Path
) -> None:
    model = fitted(Scored(scores), tmp_path, len(scores), every)
    assert model.rates[::STEPS] == rates


def test_a_resumed_run_has_the_rates_and_weights_of_an_undisturbed_one(tmp_path: Path) -> None:
    scores = [0.5, 0.4, 0.6, 0.5, 0.4, 0.3]
    undisturbed = fitted(Scored(scores), tmp_path / "undisturbed", 6)
    for stopped_after in (1, 2, 4):
        folder = tmp_path / str(stopped_after)
        fitted(Scored(scores), folder, stopped_after)
        resumed = fitted(Scored(scores), folder, 6, ckpt_path=folder / "checkpoints" / "last.ckpt")
        assert resumed.rates == undisturbed.rates[stopped_after * STEPS :]
        assert torch.equal(resumed.layer.weight, undisturbed.layer.weight)


def test_a_metric_that_is_not_logged_is_refused_with_the_logged_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"scheduler\.monitor.*'val/sorce'.*val/score"):
        fitted(Scored([0.5], monitor="val/sorce"), tmp_path, 1)
