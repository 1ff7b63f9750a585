"""W&B beside the csv: in its own words, without a prompt, with or without a network.

Which run of W&B a run directory is, and whether it goes online: `WANDB_*` variables first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import WandbLogger

from raasid.wandb_tracking.config import WandbConfig


def run_id(run_dir: Path) -> str:
    """The run's id, on disk before anything is logged, so that a resumed run goes on as the same one."""
    file = run_dir / "wandb_run_id"
    try:
        with file.open("x") as new:
            new.write(os.urandom(4).hex())
    except FileExistsError:
        pass
    return os.environ.get("WANDB_RUN_ID") or file.read_text().strip()


@contextmanager
def finish_run_on_exit(run_dir: Path) -> Iterator[None]:
    """End the run that a training opens with the training; it would be taken for the next one's, too.

    Several trainings in one process are what Hydra's multirun makes of a sweep. A run of the caller's own
    stays open.
    """
    before = os.environ.get("WANDB_DATA_DIR")
    code = 1
    try:
        yield
        code = 0
    finally:
        wandb = sys.modules.get("wandb")  # loaded where there is something to end
        if wandb is not None and wandb.run is not None and wandb.run.id == run_id(run_dir):
            wandb.finish(exit_code=code)
        if before is None:
            os.environ.pop("WANDB_DATA_DIR", None)


def wandb_folder(run_dir: Path) -> Path:
    """Where wandb keeps the files of a run."""
    return Path(os.environ.get("WANDB_DIR", run_dir)).absolute() / "wandb"


def project(section: WandbConfig) -> str:
    """Where runs are kept."""
    return os.environ.get("WANDB_PROJECT") or section.project


def entity(section: WandbConfig) -> str | None:
    """Whose project it is; None: of the key's owner."""
    return os.environ.get("WANDB_ENTITY") or section.entity


def mode(section: WandbConfig) -> str:
    """`online`, `offline` or `disabled`; without a key and without any choice `offline`.

    wandb would otherwise ask for a key at the terminal, which hangs a batch job.
    """
    named = os.environ.get("WANDB_MODE")
    if named:
        return {"dryrun": "offline", "run": "online"}.get(named, named)
    return "offline" if section.offline or (section.offline is None and not has_key()) else "online"


def has_key() -> bool:
    """Whether wandb finds a key for the server that it would talk to."""
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    return netrc_key(base_url()) is not None


def base_url() -> str:
    """The server, as wandb's variables and settings files name it."""
    import wandb

    return str(wandb.setup().settings.base_url)


def netrc_key(url: str) -> str | None:
    """What `wandb login` has kept for a server."""
    import wandb
    from wandb.sdk.lib import wbauth

    try:
        key: str | None = wbauth.read_netrc_auth(host=url)
    except wandb.errors.AuthenticationError:  # a key that is none
        return None
    return key


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
