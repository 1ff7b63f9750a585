"""The whole configuration of `import`."""

from __future__ import annotations

from pydantic import Field

from raasid.config.schema.data import Data
from raasid.config.schema.paths import PathsConfig
from raasid.config.schema.section import Section


class ImportConfig(Section):
    """Everything that decides what an import stores."""

    name: str
    """What the dataset is called: letters, digits, dots, dashes and underscores."""
    data: Data
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()
