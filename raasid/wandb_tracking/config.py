"""Config group `logger`: metric loggers in addition to RUN/metrics.csv."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from raasid.config.section import Section


class WandbConfig(Section):
    """Weights & Biases; a WANDB_* variable overrides the field of its name."""

    project: str = "raasid"
    entity: str | None = None
    group: str | None = None
    """null: the name of the study in a sweep, else none."""
    name: str | None = None
    """null: `trial NUMBER` in a sweep, else the run directory's name."""
    job_type: str = "train"
    tags: list[str] = Field([])
    offline: bool | None = None
    """null: offline when there is no key."""
    log_model: bool = False
    registry: Annotated[str, Field(pattern=r"^[^/:]+(/[^/:]+)?$")] | None = None
    """W&B registry to which registered versions are linked, as `model` or `model/collection`; null: none."""


class LoggerConfig(Section):
    """One field per logger."""

    wandb: WandbConfig | None = None
