"""The whole configuration of `evaluate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from raasid.config.schema.data import Data
from raasid.config.schema.model import Model
from raasid.config.schema.paths import PathsConfig
from raasid.config.schema.section import Section
from raasid.config.schema.trainer import TrainerConfig
from raasid.config.schema.types import Checkpoint, MeasuredModel, Natural, Probability, RegisteredVersion


class EvaluateConfig(Section):
    """Everything that decides what an evaluation does."""

    ckpt_path: Checkpoint | None = None
    """last, best (of the newest training), or a file; null for a model that is not trained."""
    version: RegisteredVersion | None = None
    """A registered model, NAME@REF: ball_model@champion, ball_model@v20261123.1."""
    register_: bool = Field(True, alias="register")
    """Add the figures to that version."""
    model: Model | None = None
    """A model that needs no checkpoint: MediaPipe, a rule."""
    against: MeasuredModel | None = None
    """Another model, NAME@REF or a file: measured on the same samples and shown beside this one, its
    pictures as large as in its own training."""
    data: Data
    split: Literal["test", "val", "train"] = "test"
    threshold: Probability | None = None
    """null: the operating point that the checkpoint brings."""
    trainer: TrainerConfig = TrainerConfig()
    seed: Natural = 1
    """Of the confidence intervals."""
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Something must be measured."""
        if self.ckpt_path is None and self.version is None and self.model is None:
            yield (
                "ckpt_path",
                "is needed: last, best or a file; or version=NAME@REF; or model=NAME without weights",
            )
        if self.ckpt_path is not None and self.version is not None:
            yield "version", "names a model, and so does ckpt_path; give one of them"
