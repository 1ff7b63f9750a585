"""Group `logger`: who hears of the metrics beside RUN/metrics.csv."""

from __future__ import annotations

from pydantic import Field

from raasid.config.schema.section import Section


class WandbConfig(Section):
    """Weights & Biases; a WANDB_* variable wins over the field of its name."""

    project: str = "raasid"
    entity: str | None = None
    group: str | None = None
    job_type: str = "train"
    tags: list[str] = Field([])
    offline: bool | None = None
    """null: offline when there is no key."""
    log_model: bool = False


class LoggerConfig(Section):
    """One field per service."""

    wandb: WandbConfig | None = None
