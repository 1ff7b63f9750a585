"""Train one model: build the Lightning trainer from the configuration, and fit; a resumed run is exact."""

from __future__ import annotations

import logging
import random
import signal
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.profilers import PassThroughProfiler
from lightning.pytorch.strategies import Strategy
from lightning.pytorch.utilities.exceptions import SIGTERMException

from raasid.config.build import build
from raasid.config.section import Section
from raasid.datasets.datamodule import TaskDataModule
from raasid.errors import UsageError
from raasid.models.checkpoints import refuse_pickled_code
from raasid.training.checkpointing import AtomicCheckpointIO, Checkpoint
from raasid.training.config import FitConfig
from raasid.training.lineage import data_facts
from raasid.training.metrics_csv import MetricsCsv
from raasid.training.optimizer import ConfiguredOptimization, PlateauSchedule
from raasid.training.rank_checks import check_ranks_can_meet
from raasid.training.stop_signals import StopAtStep, stopped
from raasid.wandb_tracking.logging import wandb_logger


class DataChanged(UsageError):
    """A run that was to be resumed began on other data."""

    def __init__(self, before: dict[str, str], now: dict[str, str]) -> None:
        differing = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
        rows = "\n".join(
            f"  {key}: {now.get(key, 'none')} now, {before.get(key, 'none')} then" for key in differing
        )
        super().__init__(
            f"ckpt_path: the data is not what this run began on:\n{rows}\n"
            "name the same data (of a store, data.dataset=NAME@DIGEST), "
            "or start a new training from the weights: model.init_from=FILE"
        )


class ExactResume(pl.Callback):
    """Saves the random generators in checkpoints, and truncates `metrics.csv` to the resumed step.

    Samplers and augmentations here are keyed and need no state; dropout and users' models do. Checkpoints
    also hold the digests of the data, and a run that is resumed on other data is refused.
    """

    _state: dict[str, Any] | None = None
    _validation_due = False
    _data: dict[str, str] | None = None
    _data_before: dict[str, str] | None = None

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the state of torch's, numpy's and Python's generators, and the digests of the data."""
        checkpoint["data"] = self._data
        name, keys, position, has_gauss, cached = _numpy_state()
        version, internal, gauss = random.getstate()
        checkpoint["random_state"] = {
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "numpy": [name, torch.from_numpy(keys.astype(np.int64)), position, has_gauss, cached],
            "python": [version, list(internal), gauss],
        }

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Store the state until the first step: set-up still draws random numbers."""
        self._data_before = checkpoint.get("data")
        self._state = checkpoint.get("random_state")
        self._validation_due = bool(checkpoint.get("validation_due"))

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the generators and drop logged rows that will be logged again. Raises DataChanged."""
        self._data = _data_identity(trainer)
        if self._data is not None and self._data_before is not None and self._data != self._data_before:
            raise DataChanged(self._data_before, self._data)
        if self._state is None:
            return
        torch.set_rng_state(self._state["torch"].cpu())
        if self._state["cuda"] and len(self._state["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all([state.cpu() for state in self._state["cuda"]])
        name, keys, position, has_gauss, cached = self._state["numpy"]
        np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, cached))  # noqa: NPY002
        version, internal, gauss = self._state["python"]
        random.setstate((version, tuple(internal), gauss))
        self._state = None
        for logger in trainer.loggers:
            if isinstance(logger, MetricsCsv):
                logger.resume_at(trainer.global_step, self._validation_due)


def _data_identity(trainer: pl.Trainer) -> dict[str, str] | None:
    """Return the digests of labels and media, and the stored version; None for a user's own datamodule."""
    data = trainer.datamodule  # type: ignore[attr-defined]
    if not isinstance(data, TaskDataModule):
        return None
    facts = data_facts(data)
    return {key: facts[key] for key in ("dataset", "labels_sha256", "media_sha256") if key in facts}


def _numpy_state() -> tuple[str, Any, int, int, float]:
    return cast("tuple[str, Any, int, int, float]", np.random.get_state(legacy=True))  # noqa: NPY002


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

    Raises UsageError if this machine lacks what is configured (no GPU, too few devices), and RanksCannotMeet.
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
        check_ranks_can_meet()
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
