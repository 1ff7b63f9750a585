"""Train one model: build the Lightning trainer from the configuration, and fit."""

from __future__ import annotations

import logging
import signal
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.profilers import PassThroughProfiler
from lightning.pytorch.strategies import Strategy
from lightning.pytorch.utilities.exceptions import SIGTERMException

from raasid.config.build import build
from raasid.config.section import Section
from raasid.errors import UsageError
from raasid.models.checkpoints import refuse_pickled_code
from raasid.training.checkpointing import AtomicCheckpointIO, Checkpoint
from raasid.training.config import FitConfig
from raasid.training.exact_resume import ExactResume
from raasid.training.metrics_csv import MetricsCsv
from raasid.training.optimizer import ConfiguredOptimization, PlateauSchedule
from raasid.training.stop_signals import StopAtStep, stopped
from raasid.wandb_tracking.logging import wandb_logger

_NO_OP = nullcontext()


class NoOpProfiler(PassThroughProfiler):
    """Lightning's default profiler, without creating a generator for each of some fifty spans a step."""

    def profile(self, action_name: str) -> AbstractContextManager[None]:  # type: ignore[override]
        """Return a context manager that does nothing."""
        return _NO_OP


def build_trainer(
    section: Section,
    run_dir: Path,
    callbacks: Sequence[pl.Callback] = (),
    loggers: Sequence[Logger] = (),
) -> pl.Trainer:
    """Build the trainer of the `trainer` section.

    Raises UsageError if this machine lacks what is configured (no GPU, too few devices).
    """
    _silence_lightning()
    # filling uninitialised memory costs a tenth of the time, and deterministic code never reads it
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    arguments: dict[str, Any] = {k: v for k, v in section.model_dump().items() if v is not None}
    arguments.pop("default_root_dir", None)
    # our sampler shards by itself: Lightning's would shuffle by rank and forget the position
    arguments["use_distributed_sampler"] = False
    arguments.setdefault("enable_progress_bar", False)
    arguments.setdefault("profiler", NoOpProfiler())
    sharded = str(arguments.get("strategy", "")).startswith("fsdp")
    try:
        return pl.Trainer(
            **arguments,
            callbacks=list(callbacks),
            logger=list(loggers) or False,
            plugins=None if sharded else [AtomicCheckpointIO()],
            default_root_dir=run_dir,
        )
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        raise UsageError(f"trainer: {error}; this machine has {_devices()}") from error


def _devices() -> str:
    gpus = torch.cuda.device_count()
    return f"{gpus} GPU{'s' if gpus != 1 else ''} and {torch.get_num_threads()} CPU threads"


def _silence_lightning() -> None:
    """Silence advice that does not apply here, and messages that our progress output replaces."""
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in (
        ".*does not have many workers.*",
        ".*`Checkpoint` callback.*",
        ".*ModelCheckpoint.*",
        ".*exists and is not empty.*",
        ".*barrier.*using the device under current context.*",
        ".*The number of training batches.*",
        ".*overridden `transfer_batch_to_device`.*",
        ".*It is recommended to use .*sync_dist=True.*",
        ".*treespec.*is deprecated.*",
        ".*LeafSpec.*",
        ".*your dataloader is not resumable.*",  # Lightning does not know that the sampler is
        ".*`srun` command is available.*",
    ):
        warnings.filterwarnings("ignore", message)


@dataclass(frozen=True, slots=True)
class FitResult:
    """Trainer, model and best checkpoint of a finished training."""

    trainer: pl.Trainer
    model: pl.LightningModule
    checkpoint: Path | None
    """The best one; None in a dry run, which writes none."""


def fit(
    cfg: FitConfig,
    model: pl.LightningModule,
    data: pl.LightningDataModule,
    run_dir: Path,
    validation_callbacks: Sequence[pl.Callback] = (),
    stop: StopAtStep | None = None,
) -> FitResult:
    """Train `model` on `data` as configured.

    validation_callbacks: log the validation metrics; they run before the callbacks that read them.
    stop: ends the training after a signal; it runs last.
    Resumes from `cfg.ckpt_path` if it is set: weights, optimiser, schedule, average, random state and
    position in the data are those of the checkpoint.
    """
    loggers = build_loggers(cfg, run_dir)
    callbacks = [build(section) for section in (cfg.callbacks or {}).values() if section is not None]
    always = [ExactResume(), PlateauSchedule()]
    last = [stop] if stop is not None else []
    trainer = build_trainer(
        cfg.trainer, run_dir, [*validation_callbacks, *always, *callbacks, *last], loggers
    )
    model.optimization = ConfiguredOptimization(cfg.optimizer, cfg.scheduler)  # type: ignore[assignment]
    model.config = cfg.recorded()  # type: ignore[assignment]
    if cfg.train:
        if cfg.ckpt_path is not None and not _reads_with_our_io(trainer.strategy):
            refuse_pickled_code(Path(cfg.ckpt_path))
        try:
            trainer.fit(model, data, ckpt_path=cfg.ckpt_path, weights_only=True)
        except SIGTERMException as error:  # in the moment before `StopAtStep` takes the signals over
            raise stopped(signal.SIGTERM, "before the training") from error
    best = next((c.best for c in callbacks if isinstance(c, Checkpoint)), None)
    return FitResult(trainer, model, best if best is not None and best.exists() else None)


def _reads_with_our_io(strategy: Strategy) -> bool:
    return type(strategy).load_checkpoint is Strategy.load_checkpoint


def build_loggers(cfg: FitConfig, run_dir: Path) -> list[Logger]:
    """Build the logger of `metrics.csv`, and that of W&B if it is configured."""
    loggers: list[Logger] = [MetricsCsv(run_dir / "metrics.csv")]
    if cfg.logger.wandb is not None:
        loggers.append(wandb_logger(cfg.logger.wandb, run_dir, cfg.model_dump(mode="json", by_alias=True)))
    return loggers
