"""W&B logger of a run directory, which never prompts and works offline; `WANDB_*` variables come first."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import WandbLogger

from raasid.errors import RaasidError, UsageError
from raasid.escaping import is_utf_8, printable
from raasid.io.atomic import sync_file, temporary_path
from raasid.io.object_store import link_or_copy
from raasid.wandb_tracking.config import WandbConfig
from raasid.wandb_tracking.connection import has_key


def run_id(run_dir: Path) -> str:
    """Return the run's id; it is on disk before anything is logged, so that a resumed run keeps it."""
    file = run_dir / "wandb_run_id"
    if not file.exists():
        with temporary_path(run_dir, file.name) as draft:
            draft.write_text(os.urandom(4).hex())
            sync_file(draft)
            link_or_copy(draft, file)  # of several processes, the first names the run
    return os.environ.get("WANDB_RUN_ID") or file.read_text().strip()


class CommandNotRecordable(UsageError):
    """A word of the command line that W&B, which records them all, cannot encode."""

    def __init__(self, word: str) -> None:
        super().__init__(
            f"logger.wandb: W&B records the command line, and {printable(word)} is not UTF-8; rename the "
            "file or folder, name a link to it, or train without W&B (logger=csv)"
        )


@contextmanager
def finish_run_on_exit(run_dir: Path) -> Iterator[None]:
    """Finish the W&B run that a training opens, so that the next training in this process opens its own.

    Hydra's multirun trains several times in one process. A run of the caller's stays open.
    """
    before = os.environ.get("WANDB_DATA_DIR")
    code = 1
    try:
        yield
        code = 0
    except RaasidError as error:
        code = int(error.exit)  # of a trial that the pruner has ended, 0
        raise
    finally:
        wandb = sys.modules.get("wandb")  # loaded if there is a run to finish
        if wandb is not None and wandb.run is not None and wandb.run.id == run_id(run_dir):
            wandb.finish(exit_code=code)
        if before is None:
            os.environ.pop("WANDB_DATA_DIR", None)


def wandb_folder(run_dir: Path) -> Path:
    """Return the folder in which wandb stores the files of a run."""
    return Path(os.environ.get("WANDB_DIR", run_dir)).absolute() / "wandb"


def project(section: WandbConfig) -> str:
    """Return the project of the run."""
    return os.environ.get("WANDB_PROJECT") or section.project


def entity(section: WandbConfig) -> str | None:
    """Return the entity of the project; None: the default one of the key."""
    return os.environ.get("WANDB_ENTITY") or section.entity


def mode(section: WandbConfig) -> str:
    """Return `online`, `offline` or `disabled`; by default `offline` without a key.

    wandb would otherwise ask for a key at the terminal, which hangs a batch job.
    """
    chosen = os.environ.get("WANDB_MODE")
    if chosen:
        return {"dryrun": "offline", "run": "online"}.get(chosen, chosen)
    return "offline" if section.offline or (section.offline is None and not has_key()) else "online"


_VARIABLES = {
    "project": "WANDB_PROJECT",
    "entity": "WANDB_ENTITY",
    "group": "WANDB_RUN_GROUP",
    "job_type": "WANDB_JOB_TYPE",
    "tags": "WANDB_TAGS",
    "name": "WANDB_NAME",
    "notes": "WANDB_NOTES",
}
"""Arguments of `wandb.init` that are omitted if their variable is set, since they would override it."""


def wandb_logger(section: WandbConfig, run_dir: Path, config: Mapping[str, Any] | None = None) -> WandbLogger:
    """Build the logger of a run; its id is on disk when this returns. config: shown next to the curves.

    Raises CommandNotRecordable.
    """
    values = section.model_dump(by_alias=False, exclude={"offline", "log_model", "registry"})
    values.pop("target_", None)
    fields = {k: v for k, v in values.items() if v is not None and _VARIABLES.get(k, "") not in os.environ}
    fields.setdefault("project", project(section))
    run_mode = mode(section)
    unencodable = [word for word in sys.argv if not is_utf_8(word)]
    if unencodable and run_mode != "disabled":
        raise CommandNotRecordable(unencodable[0])
    os.environ.setdefault("WANDB_DATA_DIR", str(run_dir / "wandb"))
    os.environ.setdefault("WANDB_SILENT", "true")
    if "name" not in fields and "WANDB_NAME" not in os.environ:
        fields["name"] = run_dir.name
    return WandbLogger(
        **fields,
        save_dir=os.environ.get("WANDB_DIR", str(run_dir)),
        id=run_id(run_dir),
        mode=run_mode,
        log_model=section.log_model if run_mode == "online" else False,
        config=dict(config or {}),
    )
