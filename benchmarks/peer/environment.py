"""A virtual environment of a peer, created once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def environment(folder: Path, *packages: str) -> Path:
    """Return the Python of an environment with the packages, creating it if necessary."""
    python = folder / "bin" / "python"
    done = folder / "complete"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        subprocess.run(install, check=True)
        done.touch()
    return python
