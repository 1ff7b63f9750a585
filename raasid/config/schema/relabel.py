"""The whole configuration of `relabel`."""

from __future__ import annotations

from pydantic import Field

from raasid.config.schema.data import Data
from raasid.config.schema.law import LawConfig
from raasid.config.schema.paths import PathsConfig
from raasid.config.schema.section import Section


class RelabelConfig(Section):
    """Everything that decides what a relabelling stores."""

    data: Data
    law: LawConfig
    name: str | None = None
    """Of the dataset that the new version belongs to; null: as the footage's own is called."""
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()
