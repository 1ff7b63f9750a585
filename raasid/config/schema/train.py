"""The whole configuration of `train`."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from raasid.config.schema.callbacks import Callback
from raasid.config.schema.data import Data
from raasid.config.schema.logger import LoggerConfig
from raasid.config.schema.model import Model
from raasid.config.schema.optimizer import Optimizer
from raasid.config.schema.paths import PathsConfig
from raasid.config.schema.scheduler import Scheduler
from raasid.config.schema.section import Section
from raasid.config.schema.trainer import TrainerConfig
from raasid.config.schema.types import Checkpoint, Natural


class TrainConfig(Section):
    """Everything that decides what a training does."""

    seed: Natural = 1
    tags: list[str] = Field([])
    train: bool = True
    test: bool = True
    ckpt_path: Checkpoint | None = None
    """Continue from: last, best, or a file."""
    optimized_metric: str = "val/detection_rate"
    """What selects the checkpoint and what a sweep optimises."""
    register_: bool = Field(True, alias="register")
    """In the end, keep the model as a version of the registry, with the alias `challenger`."""
    model: Model
    data: Data
    optimizer: Optimizer
    scheduler: Scheduler
    trainer: TrainerConfig
    callbacks: dict[str, Callback | None] = Field({})
    logger: LoggerConfig = LoggerConfig()
    paths: PathsConfig = PathsConfig()

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Training cannot take its size from a checkpoint."""
        if self.data.size is None:
            yield "data.size", "is needed for training, e.g. 'data.size=[640,360]'"
        if self.data.eval_scale is None:
            yield "data.eval_scale", "is needed for training, e.g. 'data.eval_scale=1.0'"
