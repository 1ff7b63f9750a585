"""Processes that srun or torchrun started together: the first claims the directory, the others follow."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from raasid.errors import RaasidError, UsageError

PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Launched:
    """One process of several."""

    rank: int
    launch: str
    """The same for all processes of one start, and never used again."""

    def _note(self, folder: Path) -> Path:
        return folder / ".starts" / f"{self.launch}.json"

    def tell(self, folder: Path, words: list[str]) -> None:
        """Leave what rank 0 decided for the others; the rename makes it appear whole."""
        note = self._note(folder)
        note.parent.mkdir(parents=True, exist_ok=True)
        draft = note.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(words), encoding="utf-8")
        draft.rename(note)

    def hear(self, folder: Path, patience_s: float = PATIENCE_S) -> list[str]:
        """Wait for what rank 0 decided; raises RaasidError when it never says."""
        note, until = self._note(folder), time.monotonic() + patience_s
        while not note.is_file():
            if time.monotonic() > until:
                raise RaasidError(
                    f"rank {self.rank} waited {patience_s:g} s for rank 0 to write {note}; "
                    "is paths.logs on a disk that every node sees?"
                )
            time.sleep(0.1)
        words: list[str] = json.loads(note.read_text(encoding="utf-8"))
        return words


def launched(environ: Mapping[str, str]) -> Launched | None:
    """Read what srun (one task per device) or torchrun say; None for a process on its own.

    Raises UsageError for a torchrun over several nodes without an id of its own.
    """
    if int(environ.get("SLURM_STEP_NUM_TASKS", 1)) > 1 and "SLURM_PROCID" in environ:
        parts = [environ.get(name, "0") for name in ("SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT")]
        return Launched(int(environ["SLURM_PROCID"]), "slurm-" + "-".join(parts))
    if int(environ.get("WORLD_SIZE", 1)) > 1 and "TORCHELASTIC_RUN_ID" in environ:
        run, restart = environ["TORCHELASTIC_RUN_ID"], environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        if run == "none":
            if environ.get("LOCAL_WORLD_SIZE") != environ["WORLD_SIZE"]:
                raise UsageError(
                    "torchrun over several nodes: give it an id of its own, torchrun --rdzv-id=NAME"
                )
            run = f"local-{os.getppid()}"
        return Launched(int(environ["RANK"]), "torchrun-" + re.sub(r"[^\w-]", "_", f"{run}-{restart}"))
    return None
