"""Processes that srun or torchrun start together: rank 0 decides about the run, the others follow."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from raasid.errors import RaasidError, UsageError
from raasid.io.atomic import write_atomic

TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class RankInfo:
    """One process of several."""

    rank: int
    launch_id: str
    """The same for all processes that were started together, and never used again."""

    def publish(self, folder: Path, overrides: list[str]) -> None:
        """Leave the decision of rank 0 for the others; the file appears complete."""
        write_atomic(self._file(folder), json.dumps(overrides))

    def wait_for_rank0(self, folder: Path, timeout_s: float = TIMEOUT_S) -> list[str]:
        """Wait for the decision of rank 0; raises RaasidError after the timeout."""
        file, deadline = self._file(folder), time.monotonic() + timeout_s
        while not file.is_file():
            if time.monotonic() > deadline:
                raise RaasidError(
                    f"rank {self.rank} waited {timeout_s:g} s for rank 0 to write {file}; "
                    "is paths.logs on a disk that every node sees?"
                )
            time.sleep(0.1)
        overrides: list[str] = json.loads(file.read_text(encoding="utf-8"))
        return overrides

    def _file(self, folder: Path) -> Path:
        return folder / ".starts" / f"{self.launch_id}.json"


def rank_info(environ: Mapping[str, str]) -> RankInfo | None:
    """Read the environment of srun (one task per device) or torchrun; None for a process on its own.

    Raises UsageError for a torchrun over several nodes without an id of its own.
    """
    if int(environ.get("SLURM_STEP_NUM_TASKS", 1)) > 1 and "SLURM_PROCID" in environ:
        parts = [environ.get(name, "0") for name in ("SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT")]
        return RankInfo(int(environ["SLURM_PROCID"]), "slurm-" + "-".join(parts))
    if int(environ.get("WORLD_SIZE", 1)) > 1 and "TORCHELASTIC_RUN_ID" in environ:
        run, restart = environ["TORCHELASTIC_RUN_ID"], environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        if run == "none":
            if environ.get("LOCAL_WORLD_SIZE") != environ["WORLD_SIZE"]:
                raise UsageError(
                    "torchrun over several nodes: give it an id of its own, torchrun --rdzv-id=NAME"
                )
            run = f"local-{os.getppid()}"
        return RankInfo(int(environ["RANK"]), "torchrun-" + re.sub(r"[^\w-]", "_", f"{run}-{restart}"))
    return None
