"""The curves of a run that was offline: wandb keeps them in its own folders, its own command sends them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from raasid.registry.mirror.interface import MirrorFailed


def unsent(folder: Path, run_id: str) -> list[Path]:
    """Folders of a run that were not uploaded, the oldest first; one for each time that it was resumed."""
    found = [
        each
        for each in (folder.iterdir() if folder.is_dir() else ())
        if each.name.startswith("offline-run-") and each.name.endswith(f"-{run_id}")
    ]
    return sorted(each for each in found if not any(each.glob("*.synced")))


def upload(folders: Sequence[Path], entity: str, project: str, limit_s: float) -> None:
    """Send them in this order; wandb marks each, so that it is not sent again. Raises MirrorFailed."""
    words = [sys.executable, "-m", "wandb", "sync", "--entity", entity, "--project", project]
    env = {name: value for name, value in os.environ.items() if name not in ("WANDB_MODE", "WANDB_RUN_ID")}
    try:
        done = subprocess.run(
            [*words, *map(str, folders)],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MirrorFailed("wandb sync", f"not done within {limit_s:g} s") from error
    if done.returncode or not all(any(folder.glob("*.synced")) for folder in folders):
        lines = (done.stdout + done.stderr).strip().splitlines() or ["no word of why"]
        raise MirrorFailed("wandb sync", lines[-1])
