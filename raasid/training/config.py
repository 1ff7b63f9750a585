"""Config groups `optimizer`, `scheduler`, `trainer` and `callbacks`, and the configuration of a fit.

Fractions of a schedule are of all optimiser steps, or of `optimizer.lr`. The trainer has the arguments of
lightning.pytorch.Trainer 2.6 except callbacks, logger and plugins.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Lt
from pydantic import Field

from raasid.config.section import (
    BY_TARGET,
    Checkpoint,
    ClassSection,
    Count,
    CustomClassConfig,
    Fraction,
    Mode,
    Natural,
    NonNegative,
    Positive,
    Section,
    TaggedBy,
)
from raasid.datasets.source_configs import Data
from raasid.models.config import Model
from raasid.wandb_tracking.config import LoggerConfig

Betas = tuple[Fraction, Fraction]


class AdamWConfig(ClassSection, target="torch.optim.AdamW"):
    """Arguments of torch.optim.AdamW."""

    lr: Positive = 0.002
    betas: Betas = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: NonNegative = 0.01
    amsgrad: bool = False
    fused: bool | None = None


class AdamConfig(ClassSection, target="torch.optim.Adam"):
    """Arguments of torch.optim.Adam."""

    lr: Positive = 0.002
    betas: Betas = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: NonNegative = 0.0
    amsgrad: bool = False
    fused: bool | None = None


class SgdConfig(ClassSection, target="torch.optim.SGD"):
    """Arguments of torch.optim.SGD."""

    lr: Positive = 0.01
    momentum: NonNegative = 0.0
    dampening: NonNegative = 0.0
    weight_decay: NonNegative = 0.0
    nesterov: bool = False
    fused: bool | None = None


class MuonConfig(ClassSection, target="raasid.training.muon.Muon"):
    """Arguments of raasid.training.muon.Muon."""

    lr: Positive = 0.005
    weight_decay: NonNegative = 0.01
    momentum: Fraction = 0.95
    betas: Betas = (0.9, 0.999)
    eps: Positive = 1e-8


Optimizer = Annotated[
    AdamWConfig | AdamConfig | SgdConfig | MuonConfig | CustomClassConfig,
    BY_TARGET,
]


class OneCycleConfig(Section):
    """Up, then down by a cosine, once over the training."""

    kind: Literal["one_cycle"] = "one_cycle"
    warmup: Fraction = 0.1
    """Share of the steps until the rate is highest."""
    final: Fraction = 0.001
    """Last rate, as a share of `optimizer.lr`."""


class CosineConfig(Section):
    """A short linear warm-up, then down by a cosine."""

    kind: Literal["cosine"] = "cosine"
    warmup: Fraction = 0.05
    final: Fraction = 0.01


class PlateauConfig(Section):
    """Down by a factor whenever the monitored metric has stopped improving."""

    kind: Literal["plateau"] = "plateau"
    monitor: str = "val/detection_rate"
    mode: Mode = "max"
    factor: Annotated[float, Gt(0), Lt(1)] = 0.3
    patience: Natural = 3
    """Validations without an improvement."""


class ConstantConfig(Section):
    """The same rate throughout, after a linear warm-up."""

    kind: Literal["constant"] = "constant"
    warmup: Fraction = 0.0


Scheduler = Annotated[
    OneCycleConfig | CosineConfig | PlateauConfig | ConstantConfig,
    TaggedBy("kind"),
]


Limit = Natural | Fraction
Precision = Literal["32-true", "16-mixed", "bf16-mixed", "32", "16", "bf16", 32, 16]
"""Without Lightning's modes that convert weights or batches: both are kept in 32 bits here."""
Duration = str | dict[Literal["days", "hours", "minutes", "seconds", "weeks"], int]


class TrainerConfig(Section):
    """Device and length of the training; Lightning's defaults apply to missing keys."""

    accelerator: str = "auto"
    strategy: str = "auto"
    devices: int | str | list[int] = "auto"
    num_nodes: Count = 1
    precision: Precision | None = None
    fast_dev_run: bool | Natural = False
    max_epochs: Annotated[int, Ge(-1)] | None = None
    min_epochs: Natural | None = None
    max_steps: Annotated[int, Ge(-1)] = -1
    min_steps: Natural | None = None
    max_time: Duration | None = None
    """DD:HH:MM:SS, or a mapping of days, hours, minutes, seconds."""
    limit_train_batches: Limit | None = None
    """A number of batches (integer) or a fraction of them."""
    limit_val_batches: Limit | None = None
    limit_test_batches: Limit | None = None
    limit_predict_batches: Limit | None = None
    overfit_batches: Limit = 0.0
    val_check_interval: Natural | NonNegative | Duration | None = None
    check_val_every_n_epoch: Count | None = 1
    num_sanity_val_steps: Annotated[int, Ge(-1)] | None = None
    log_every_n_steps: Natural | None = None
    enable_checkpointing: bool | None = None
    enable_progress_bar: bool | None = None
    enable_model_summary: bool | None = None
    accumulate_grad_batches: Count = 1
    gradient_clip_val: NonNegative | None = None
    gradient_clip_algorithm: Literal["norm", "value"] | None = None
    deterministic: bool | Literal["warn"] | None = None
    benchmark: bool | None = None
    inference_mode: bool = True
    use_distributed_sampler: bool = True
    profiler: Literal["simple", "advanced", "pytorch", "xla"] | None = None
    detect_anomaly: bool = False
    barebones: bool = False
    sync_batchnorm: bool = False
    reload_dataloaders_every_n_epochs: Natural = 0
    default_root_dir: Path | None = None
    enable_autolog_hparams: bool = True
    model_registry: str | None = None

    def arguments(self) -> dict[str, Any]:
        """Return the keys that are set, for the constructor."""
        return {name: getattr(self, name) for name in self.model_fields_set}

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Require an end of the training."""
        endless = self.max_epochs in (None, -1) and self.max_steps == -1 and self.max_time is None
        if endless and not self.fast_dev_run:
            yield "max_epochs", "must be given unless max_steps or max_time is, or training never ends"


class CheckpointConfig(ClassSection, target="raasid.training.checkpointing.Checkpoint"):
    """RUN/checkpoints/best.ckpt and last.ckpt."""

    monitor: str = "val/detection_rate"
    mode: Mode = "max"
    every_n_train_steps: Count | None = None
    """Additional interval at which last.ckpt is written."""
    every_n_minutes: Positive | None = None
    """Age of last.ckpt at which it is written again: what a power cut or a lost node costs at most."""


class EmaConfig(ClassSection, target="raasid.training.ema.Ema"):
    """The moving average of the weights, which is evaluated and saved."""

    decay: Fraction = 0.99


class HardNegativeMiningConfig(
    ClassSection, target="raasid.training.hard_negative_mining.HardNegativeMining"
):
    """Sampling of crops around the false positives of the model."""

    start: Natural = 50
    """Optimiser steps before the first search."""
    frames: Count = 24
    """Training frames that are searched after every epoch."""
    keep: Count = 600
    """Positions that are stored, the newest ones."""
    min_score: Fraction = 0.05
    """Of a candidate."""


class EarlyStoppingConfig(ClassSection, target="lightning.pytorch.callbacks.EarlyStopping"):
    """Arguments of Lightning's EarlyStopping."""

    monitor: str = "val/detection_rate"
    mode: Mode = "max"
    min_delta: NonNegative = 0.0
    patience: Natural = 8
    """Validations without an improvement."""
    strict: bool = True
    check_finite: bool = True
    stopping_threshold: float | None = None
    divergence_threshold: float | None = None
    verbose: bool = False


class ProgressConfig(ClassSection, target="raasid.training.progress.Progress"):
    """The bar on the terminal; without one, a line per validation."""

    refresh_rate: Count = 1
    """Steps between two updates."""


Callback = Annotated[
    CheckpointConfig
    | EmaConfig
    | HardNegativeMiningConfig
    | EarlyStoppingConfig
    | ProgressConfig
    | CustomClassConfig,
    BY_TARGET,
]


class FitConfig(Section):
    """Configuration of one fit, which that of `train` extends."""

    without_effect: ClassVar[frozenset[str]] = Section.without_effect | {
        "train", "test", "register", "logger", "trigger", "deploy", "retrain",
        *(f"trainer.{key}" for key in (
            "max_epochs", "min_epochs", "max_steps", "min_steps", "max_time",
            "accelerator", "strategy", "devices", "num_nodes", "benchmark",
            "limit_test_batches", "limit_predict_batches", "num_sanity_val_steps",
            "log_every_n_steps", "enable_checkpointing", "enable_progress_bar", "enable_model_summary",
            "enable_autolog_hparams", "profiler", "detect_anomaly", "model_registry", "default_root_dir",
        )),
        "callbacks.early_stopping", "callbacks.progress", "callbacks.*.every_n_train_steps",
        "callbacks.*.every_n_minutes",
        "data.num_workers", "data.cache_gib", "data.eval_batch_size",
    }  # fmt: skip
    """A run that resumes may change these: how long it trains, on which devices (`data.batch_size` counts
    over all of them), and what it writes about it."""

    seed: Natural = 1
    train: bool = True
    ckpt_path: Checkpoint | None = None
    """Continue from: last, best, or a file."""
    optimized_metric: str = "val/detection_rate"
    """Metric that selects the checkpoint, and that a sweep optimises."""
    model: Model
    data: Data
    optimizer: Optimizer
    scheduler: Scheduler
    trainer: TrainerConfig
    callbacks: dict[str, Callback | None] = Field({})
    logger: LoggerConfig = LoggerConfig()

    def recorded(self) -> dict[str, Any]:
        """Return plain values for checkpoints, manifests and `run.json`.

        Without `ckpt_path`: it says where one process of a run began, and not what the run computes.
        """
        return self.model_dump(mode="json", by_alias=True) | {"ckpt_path": None}
