"""Train one model: from a configuration to checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightning.pytorch as pl
from lightning.pytorch.loggers.logger import Logger

from raasid.config import TrainConfig
from raasid.config.build import build
from raasid.training.checkpoint import Checkpoint
from raasid.training.metrics_csv import MetricsCsv
from raasid.training.optimization import ConfiguredOptimization
from raasid.training.resume import ExactResume
from raasid.training.trainer import build_trainer
from raasid.training.wandb_logger import wandb_logger


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a training leaves behind."""

    trainer: pl.Trainer
    model: pl.LightningModule
    checkpoint: Path | None
    """The best checkpoint; None in a dry run, which writes none."""


def fit(
    cfg: TrainConfig,
    model: pl.LightningModule,
    data: pl.LightningDataModule,
    run_dir: Path,
    measure: Sequence[pl.Callback] = (),
) -> Fitted:
    """Train `model` on `data` as `cfg` says.

    measure: callbacks that log the validation metrics; they run before those that read them.
    Resumes from `cfg.ckpt_path` if that is set: weights, optimiser, schedule, averages, random
    state and position in the data are those of the moment it was saved.
    """
    loggers = build_loggers(cfg, run_dir)
    callbacks = [build(section) for section in (cfg.callbacks or {}).values() if section is not None]
    trainer = build_trainer(cfg.trainer, run_dir, [*measure, ExactResume(), *callbacks], loggers)
    model.optimization = ConfiguredOptimization(cfg.optimizer, cfg.scheduler)  # type: ignore[assignment]
    model.config = cfg.model_dump(mode="json", by_alias=True)  # type: ignore[assignment]
    if cfg.train:
        trainer.fit(model, data, ckpt_path=cfg.ckpt_path, weights_only=True)
    best = next((c.best for c in callbacks if isinstance(c, Checkpoint)), None)
    return Fitted(trainer, model, best if best is not None and best.exists() else None)


def build_loggers(cfg: TrainConfig, run_dir: Path) -> list[Logger]:
    """`metrics.csv` always; W&B where it is configured."""
    loggers: list[Logger] = [MetricsCsv(run_dir / "metrics.csv")]
    if cfg.logger.wandb is not None:
        loggers.append(wandb_logger(cfg.logger.wandb, run_dir, cfg.model_dump(mode="json", by_alias=True)))
    return loggers
