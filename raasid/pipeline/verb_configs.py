"""The whole configuration of `train`.

The whole configuration of `evaluate`.

The whole configuration of `export`.

The whole configuration of `relabel`.

The whole configuration of `import`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le
from pydantic import Field

from raasid.config.section import (
    Checkpoint,
    CheckpointOrVersion,
    Natural,
    PathsConfig,
    Probability,
    RegisteredVersion,
    Section,
)
from raasid.datasets.source_configs import Data
from raasid.laws.edition_names import LawConfig
from raasid.models.config import Model
from raasid.training.config import FitConfig, TrainerConfig


class TrainConfig(FitConfig):
    """Everything that decides what a training does."""

    tags: list[str] = Field([])
    test: bool = True
    register_: bool = Field(True, alias="register")
    """In the end, keep the model as a version of the registry, with the alias `challenger`."""
    paths: PathsConfig = PathsConfig()

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Training cannot take its size from a checkpoint."""
        if self.data.size is None:
            yield "data.size", "is needed for training, e.g. 'data.size=[640,360]'"
        if self.data.eval_scale is None:
            yield "data.eval_scale", "is needed for training, e.g. 'data.eval_scale=1.0'"


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
    against: CheckpointOrVersion | None = None
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

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Something must be measured."""
        if self.ckpt_path is None and self.version is None and self.model is None:
            yield (
                "ckpt_path",
                "is needed: last, best or a file; or version=NAME@REF; or model=NAME without weights",
            )
        if self.ckpt_path is not None and self.version is not None:
            yield "version", "names a model, and so does ckpt_path; give one of them"


class ExportConfig(Section):
    """Everything that decides what an export writes."""

    ckpt_path: Checkpoint
    """last, best (of the newest training), or a file."""
    data: Data | None = None
    """Footage on which graph and model are compared; null: the training's own."""
    split: Literal["test", "val", "train"] = "test"
    samples: Annotated[int, Ge(2), Le(64)] = 5
    """Of that split, on which they are compared."""
    tolerance: Annotated[float, Gt(0), Le(0.01)] = 1e-4
    """Largest difference of an output that still counts as the same."""
    out: Path | None = None
    """Folder of the files; null: the run's own."""
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()


class RelabelConfig(Section):
    """Everything that decides what a relabelling stores."""

    data: Data
    law: LawConfig
    name: str | None = None
    """Of the dataset that the new version belongs to; null: as the footage's own is called."""
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()


class ImportConfig(Section):
    """Everything that decides what an import stores."""

    name: str
    """What the dataset is called: letters, digits, dots, dashes and underscores."""
    data: Data
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()
