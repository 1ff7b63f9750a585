"""The whole configuration of `evaluate`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from raasid.config.schema.data import Data
from raasid.config.schema.paths import PathsConfig
from raasid.config.schema.section import Section
from raasid.config.schema.trainer import TrainerConfig
from raasid.config.schema.types import Checkpoint, Natural, Probability


class EvaluateConfig(Section):
    """Everything that decides what an evaluation does."""

    ckpt_path: Checkpoint
    """last, best (of the newest training), or a file."""
    data: Data
    split: Literal["test", "val", "train"] = "test"
    threshold: Probability | None = None
    """null: the operating point that the checkpoint brings."""
    trainer: TrainerConfig = TrainerConfig()
    seed: Natural = 1
    """Of the confidence intervals."""
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()
