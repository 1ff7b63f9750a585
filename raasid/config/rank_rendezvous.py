"""Processes that srun or torchrun start together: rank 0 decides about the run, the others follow."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from raasid.errors import RaasidError, UsageError
from raasid.io.atomic import write_atomic
from raasid.io.lease import filesystem_time

TIMEOUT_S = 300.0
_FILE_TIME_STEP_S = 2.0
"""The coarsest file times of filesystems in use."""


@dataclass(frozen=True, slots=True)
class RankInfo:
    """One process of several."""

    rank: int
    launch_id: str
    """The same for all processes that were started together, and for no others that run at that time."""
    launched: float | None = field(default=None, compare=False)
    """When the launcher started, by the monotonic clock; None: unknown. An older decision is of an earlier
    launch with the same id, which a user may give again."""

    def publish(self, folder: Path, overrides: list[str]) -> None:
        """Leave the decision of rank 0 for the others; the file appears complete."""
        write_atomic(self._file(folder), json.dumps(overrides))

    def publish_refusal(self, folder: Path, error: RaasidError) -> None:
        """Let the others leave, too; rank 0 alone says why."""
        write_atomic(self._file(folder), json.dumps({"exit": error.exit}))

    def wait_for_rank0(self, folder: Path, timeout_s: float = TIMEOUT_S) -> list[str]:
        """Wait for the decision of rank 0, and leave by SystemExit if it refused.

        Raises RaasidError after the timeout.
        """
        file, deadline = self._file(folder), time.monotonic() + timeout_s
        while not self._is_decided(file):
            if time.monotonic() > deadline:
                raise RaasidError(
                    f"rank {self.rank} waited {timeout_s:g} s for rank 0 to write {file}; "
                    "is paths.logs on a disk that every node sees?"
                )
            time.sleep(0.1)
        decision = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(decision, dict):
            raise SystemExit(decision["exit"])
        overrides: list[str] = decision
        return overrides

    def _is_decided(self, file: Path) -> bool:
        with suppress(FileNotFoundError):
            age_s = filesystem_time(file.parent) - file.stat().st_mtime
            return self.launched is None or age_s < time.monotonic() - self.launched + _FILE_TIME_STEP_S
        return False

    def _file(self, folder: Path) -> Path:
        return folder / ".starts" / f"{self.launch_id}.json"


def rank_info(environ: Mapping[str, str]) -> RankInfo | None:
    """Read the environment of srun (one task per device) or torchrun; None for a process on its own.

    No part of an id is a process id or a host name. Raises UsageError for a torchrun without an id.
    """
    if int(environ.get("SLURM_STEP_NUM_TASKS", 1)) > 1 and "SLURM_PROCID" in environ:
        names = ("CLUSTER_NAME", "JOB_ID", "STEP_ID", "RESTART_COUNT", "STEP_LAUNCHER_PORT")
        parts = [environ.get(f"SLURM_{name}", "0") for name in names]
        return RankInfo(int(environ["SLURM_PROCID"]), _join("slurm", *parts))
    if int(environ.get("WORLD_SIZE", 1)) > 1 and "TORCHELASTIC_RUN_ID" in environ:
        run, restart = environ["TORCHELASTIC_RUN_ID"], environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        # a folder of a random name for the error files of a node: FOLDER/attempt_0/RANK/error.json
        node = PurePath(environ.get("TORCHELASTIC_ERROR_FILE", "")).parts[-4:-3]
        if node and environ.get("LOCAL_WORLD_SIZE") == environ["WORLD_SIZE"]:
            run = node[0]
        if run == "none":
            raise UsageError("torchrun: give this start an id of its own, torchrun --rdzv-id=NAME")
        launch_id = _join("torchrun", run, environ.get("MASTER_PORT", "0"), restart)
        return RankInfo(int(environ["RANK"]), launch_id, _launch_time())
    return None


def _join(*parts: str) -> str:
    return re.sub(r"[^\w-]", "_", "-".join(parts))


def _launch_time() -> float | None:
    """Return when torchrun started, by the monotonic clock: the nearest ancestor that is none of its workers.

    No worker of a launch starts before all its torchruns have. None where there is no /proc.
    """
    try:
        process = os.getppid()
        while True:
            status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
            fields = status.rpartition(")")[2].split()  # from the third on; a name may have blanks
            if b"TORCHELASTIC_RUN_ID=" not in Path(f"/proc/{process}/environ").read_bytes():
                break
            process = int(fields[1])  # a script around the command
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError, AttributeError):
        return None
    return time.monotonic() - age_s
