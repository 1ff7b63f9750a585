"""Where the YAML files are."""

from __future__ import annotations

from pathlib import Path


def conf_dir() -> Path:
    """Return the folder: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "conf"
    return shipped if shipped.is_dir() else package.parent / "conf"
