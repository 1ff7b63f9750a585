"""Where the editions of the Laws are, and what they are called; what they say is read by `raasid.laws`."""

from __future__ import annotations

from pathlib import Path


def editions_dir() -> Path:
    """Return the folder: one YAML file an edition."""
    return Path(__file__).resolve().parent.parent / "laws" / "editions"


def shipped_editions() -> list[str]:
    """Return the names of the editions, seasons first, oldest first."""
    return sorted(path.stem for path in editions_dir().glob("*.yaml"))
