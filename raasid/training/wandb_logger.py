"""W&B beside the csv: in its own words, without a prompt, with or without a network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import WandbLogger

from raasid.config.schema.logger import WandbConfig
from raasid.training.wandb_run import mode, project, run_id

_WINS = {
    "project": "WANDB_PROJECT",
    "entity": "WANDB_ENTITY",
    "group": "WANDB_RUN_GROUP",
    "job_type": "WANDB_JOB_TYPE",
    "tags": "WANDB_TAGS",
    "name": "WANDB_NAME",
    "notes": "WANDB_NOTES",
}
"""Arguments of `wandb.init` would override these variables; so they are left out where one is set."""


def wandb_logger(section: WandbConfig, run_dir: Path, config: Mapping[str, Any] | None = None) -> WandbLogger:
    """Make the logger of one run; its id is on disk when this returns.

    config: what the run is made with; W&B shows it beside the curves.
    """
    given = section.model_dump(by_alias=False, exclude={"offline", "log_model", "registry"})
    given.pop("target_", None)
    fields = {k: v for k, v in given.items() if v is not None and _WINS.get(k, "") not in os.environ}
    fields.setdefault("project", project(section))
    how = mode(section)
    os.environ.setdefault("WANDB_DATA_DIR", str(run_dir / "wandb"))
    os.environ.setdefault("WANDB_SILENT", "true")
    if "name" not in fields and "WANDB_NAME" not in os.environ:
        fields["name"] = run_dir.name
    return WandbLogger(
        **fields,
        save_dir=os.environ.get("WANDB_DIR", str(run_dir)),
        id=run_id(run_dir),
        mode=how,
        log_model=section.log_model if how == "online" else False,
        config=dict(config or {}),
    )
