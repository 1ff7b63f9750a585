"""The configuration: one typed tree per verb, validated as a whole before anything runs."""

from __future__ import annotations

from pathlib import Path

VERSION_BASE = "1.3"
"""Hydra's behaviour that the YAML files are written for."""


def conf_dir() -> Path:
    """Return the folder of the YAML files: inside the package when installed, next to it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"
