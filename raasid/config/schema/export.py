"""The whole configuration of `export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le
from pydantic import Field

from raasid.config.schema.data import Data
from raasid.config.schema.paths import PathsConfig
from raasid.config.schema.section import Section
from raasid.config.schema.types import Checkpoint


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
