"""What every test gets: an offline, one-threaded environment, the shared data, and the real commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import hypothesis
import pytest
from soak import SOAK

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

# How long an example takes says how busy the machine is, and nothing about the code.
hypothesis.settings.register_profile("raasid", deadline=None)
hypothesis.settings.load_profile("raasid")

REPO = Path(__file__).resolve().parents[1]
MAX_WORKERS = 4
"""A worker with torch, MediaPipe and the tests' own data takes up to 1.5 GB."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests marked `soak(only=True)` to `make soak`."""
    soak = {item for item in items if any(mark.kwargs.get("only") for mark in item.iter_markers("soak"))}
    later = [item for item in items if item in soak and not SOAK]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]


def pytest_xdist_auto_num_workers() -> int:
    """Answer `-n auto`: a worker per core that this process may use."""
    return min(len(os.sched_getaffinity(0)), MAX_WORKERS)


class RunCli(Protocol):
    """Runs a verb with ARGS and `paths.root=TMP` from the repository's root and returns what came of it."""

    def __call__(
        self, verb: str, *args: str, env: Mapping[str, str] | None = None
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
    """Run a verb in a process of its own; all it writes goes under `tmp_path`, unless the test names a root.

    `python VERB.py` for the verbs that have a script, else `python -m raasid VERB`.
    """

    def run(verb: str, *args: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        script = [f"{verb}.py"] if (REPO / f"{verb}.py").is_file() else ["-m", "raasid", verb]
        return subprocess.run(
            [sys.executable, *script, *args, *_root(args, tmp_path)],
            cwd=REPO,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def call_cli(tmp_path: Path) -> RunCli:
    """Run a verb as `run_cli` does, but within this process, which has imported torch already.

    For tests to which a process of its own would prove nothing; see `in_process`.
    """
    from in_process import call_raasid

    def call(verb: str, *args: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return call_raasid(verb, *args, *_root(args, tmp_path), env=env)

    return call


def _root(args: tuple[str, ...], tmp_path: Path) -> list[str]:
    return [] if any(arg.startswith("paths.root=") for arg in args) else [f"paths.root={tmp_path}"]
