"""W&B beside the csv: in its own words, without a prompt, with or without a network."""

from __future__ import annotations

import netrc
import os
from pathlib import Path
from urllib.parse import urlparse

from lightning.pytorch.loggers import WandbLogger

from raasid.config import Section

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


def wandb_logger(section: Section, run_dir: Path) -> WandbLogger:
    """Make the logger of one run.

    Without a key, and without a mode from the configuration or `WANDB_MODE`, the run is offline:
    wandb would otherwise ask at the terminal, which hangs a batch job. The run's id is on disk
    before the first step, so that a resumed run goes on as the same one.
    """
    given = section.model_dump(by_alias=False)
    given.pop("target_", None)
    offline, log_model = given.pop("offline", None), given.pop("log_model", False)
    fields = {k: v for k, v in given.items() if v is not None and _WINS.get(k, "") not in os.environ}
    fields.setdefault("project", os.environ.get("WANDB_PROJECT", "raasid"))
    mode = os.environ.get("WANDB_MODE") or (
        "offline" if offline or (offline is None and not _has_key()) else "online"
    )
    os.environ.setdefault("WANDB_DATA_DIR", str(run_dir / "wandb"))
    os.environ.setdefault("WANDB_SILENT", "true")
    if "name" not in fields and "WANDB_NAME" not in os.environ:
        fields["name"] = run_dir.name
    return WandbLogger(
        **fields,
        save_dir=os.environ.get("WANDB_DIR", str(run_dir)),
        id=os.environ.get("WANDB_RUN_ID") or _run_id(run_dir),
        mode=mode,
        log_model=log_model if mode == "online" else False,
    )


def _run_id(run_dir: Path) -> str:
    file = run_dir / "wandb_run_id"
    try:
        with file.open("x") as new:
            new.write(os.urandom(4).hex())
    except FileExistsError:
        pass
    return file.read_text().strip()


def _has_key() -> bool:
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).netloc
    path = Path(os.environ.get("NETRC", Path.home() / ".netrc"))
    try:
        return netrc.netrc(path).authenticators(host) is not None
    except (FileNotFoundError, netrc.NetrcParseError, PermissionError):
        return False


def finish(exit_code: int) -> None:
    """Close the run, if there is one, saying how it ended."""
    import wandb

    if wandb.run is not None:
        wandb.finish(exit_code=exit_code)
