"""Folders in the making: hidden until they are whole, removed when their maker has died."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from pathlib import Path


def draft_of(home: Path, stem: str = "draft") -> Path:
    """Make an empty folder below `home` that `sweep` can attribute to this process."""
    home.mkdir(parents=True, exist_ok=True)
    draft = home / f".{stem}.{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"
    draft.mkdir()
    return draft


def sweep(home: Path, stem: str = "draft") -> None:
    """Remove what processes of this machine that are gone have left half done below `home`."""
    for draft in home.glob(f".{stem}.{socket.gethostname()}.*"):
        owner = draft.name.split(".")[-2]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(draft, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
