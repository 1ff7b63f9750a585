"""What a run ran on: facts for the report and the lineage."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

PACKAGES = ("raasid", "torch", "lightning", "ultralytics", "opencv-python", "numpy")


def environment() -> dict[str, str]:
    """Names and versions that decide whether a figure can be reproduced."""
    device = (
        torch.cuda.get_device_name(0)
        if torch.cuda.is_available()
        else platform.processor() or platform.machine()
    )
    facts = {
        "python": platform.python_version(),
        "device": device,
        "threads": str(torch.get_num_threads()),
        "code": code_revision(),
    }
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "not installed"
    return facts


def code_revision() -> str:
    """The commit that the package lies in, with a mark if files differ from it."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return "unknown"
    return found.stdout.strip() or "unknown"
