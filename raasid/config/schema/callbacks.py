"""Group `callbacks`: a name for each, with its class and its arguments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from raasid.config.schema.foreign import ForeignSection
from raasid.config.schema.section import Section
from raasid.config.schema.target import BY_TARGET
from raasid.config.schema.types import Count, Fraction, Mode, Natural, Strength


class CheckpointConfig(Section):
    """RUN/checkpoints/best.ckpt and last.ckpt."""

    target: Literal["raasid.training.checkpoint.Checkpoint"] = Field(
        "raasid.training.checkpoint.Checkpoint", alias="_target_"
    )
    monitor: str = "val/detection_rate"
    mode: Mode = "max"
    every_n_train_steps: Count | None = None
    """Write last.ckpt this often beside the one after every validation."""


class EmaConfig(Section):
    """The moving average of the weights: it is what is measured and kept."""

    target: Literal["raasid.training.ema.Ema"] = Field("raasid.training.ema.Ema", alias="_target_")
    decay: Fraction = 0.99


class LookAlikesConfig(Section):
    """Hard negatives: what the model takes for a ball is shown to it more often."""

    target: Literal["raasid.training.look_alikes.LookAlikes"] = Field(
        "raasid.training.look_alikes.LookAlikes", alias="_target_"
    )
    start: Natural = 50
    """Steps before the first look."""
    frames: Count = 24
    """Whole training frames that are looked at after every epoch."""
    keep: Count = 600
    """Places that are remembered, the newest ones."""
    score: Fraction = 0.05
    """Least confidence of a place."""


class EarlyStoppingConfig(Section):
    """Arguments of Lightning's EarlyStopping."""

    target: Literal["lightning.pytorch.callbacks.EarlyStopping"] = Field(
        "lightning.pytorch.callbacks.EarlyStopping", alias="_target_"
    )
    monitor: str = "val/detection_rate"
    mode: Mode = "max"
    min_delta: Strength = 0.0
    patience: Natural = 8
    """Validations without an improvement."""
    strict: bool = True
    check_finite: bool = True
    stopping_threshold: float | None = None
    divergence_threshold: float | None = None
    verbose: bool = False


class ProgressConfig(Section):
    """The bar on the terminal; a quiet line now and then where there is none."""

    target: Literal["raasid.training.progress.Progress"] = Field(
        "raasid.training.progress.Progress", alias="_target_"
    )
    refresh_rate: Count = 1
    """Steps between two updates."""


Callback = Annotated[
    Annotated[CheckpointConfig, Tag("<raasid.training.checkpoint.Checkpoint>")]
    | Annotated[EmaConfig, Tag("<raasid.training.ema.Ema>")]
    | Annotated[LookAlikesConfig, Tag("<raasid.training.look_alikes.LookAlikes>")]
    | Annotated[EarlyStoppingConfig, Tag("<lightning.pytorch.callbacks.EarlyStopping>")]
    | Annotated[ProgressConfig, Tag("<raasid.training.progress.Progress>")]
    | Annotated[ForeignSection, Tag("<foreign>")],
    Discriminator(BY_TARGET.of),
]
