"""What every test gets: an offline, one-threaded environment, the shared data, and the real commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

# Set before any test module imports torch or ultralytics, and inherited by every command that a test starts.
os.environ |= {
    "OMP_NUM_THREADS": "1",  # two spinning pools on a busy machine cost seconds a step
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "YOLO_OFFLINE": "1",
    "YOLO_AUTOINSTALL": "0",
    "YOLO_VERBOSE": "0",
    "NO_COLOR": "1",
    "COLUMNS": "120",
}
os.environ.pop("WANDB_API_KEY", None)

REPO = Path(__file__).resolve().parents[1]


class RunCli(Protocol):
    """Runs `python VERB.py ARGS paths.root=TMP` from the repository's root and returns what came of it.

    A verb without a script of its own is run as `python -m raasid VERB`.
    """

    def __call__(
        self, verb: str, *args: str, timeout_s: float = 300, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session")
def repo() -> Path:
    """Give the checkout's root."""
    return REPO


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of real sample data: $RAASID_SHARED, else `shared` beside the checkout."""
    folder = Path(os.environ.get("RAASID_SHARED", REPO.parent / "shared")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no sample data: {folder} is not a folder; set RAASID_SHARED")
    return folder


@pytest.fixture
def run_cli(tmp_path: Path) -> RunCli:
    """Run a verb for real; all that it writes goes under `tmp_path`, unless the test names another root."""

    def run(
        verb: str, *args: str, timeout_s: float = 300, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        root = () if any(arg.startswith("paths.root=") for arg in args) else (f"paths.root={tmp_path}",)
        script = [f"{verb}.py"] if (REPO / f"{verb}.py").is_file() else ["-m", "raasid", verb]
        return subprocess.run(
            [sys.executable, *script, *args, *root],
            cwd=REPO,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    return run
