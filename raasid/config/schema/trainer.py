"""Group `trainer`: the arguments of lightning.pytorch.Trainer 2.6, but for callbacks, logger and plugins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge

from raasid.config.schema.section import Section
from raasid.config.schema.types import Count, Fraction, Natural, Strength

Limit = Natural | Fraction
Precision = Literal["32-true", "16-mixed", "bf16-mixed", "32", "16", "bf16", 32, 16]
"""Lightning's others convert weights or batches as a whole; labels and weights are kept in 32 bits here."""
Duration = str | dict[Literal["days", "hours", "minutes", "seconds", "weeks"], int]


class TrainerConfig(Section):
    """Where and how long; what is not given is left to Lightning."""

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
    val_check_interval: Natural | Strength | Duration | None = None
    check_val_every_n_epoch: Count | None = 1
    num_sanity_val_steps: Annotated[int, Ge(-1)] | None = None
    log_every_n_steps: Natural | None = None
    enable_checkpointing: bool | None = None
    enable_progress_bar: bool | None = None
    enable_model_summary: bool | None = None
    accumulate_grad_batches: Count = 1
    gradient_clip_val: Strength | None = None
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
        """Return what was given, for the constructor."""
        return {name: getattr(self, name) for name in self.model_fields_set}

    def complaints(self) -> Iterator[tuple[str, str]]:
        """A training needs an end."""
        endless = self.max_epochs in (None, -1) and self.max_steps == -1 and self.max_time is None
        if endless and not self.fast_dev_run:
            yield "max_epochs", "must be given unless max_steps or max_time is, or training never ends"
