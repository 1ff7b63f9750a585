"""Group `paths`: where things lie."""

from __future__ import annotations

from pathlib import Path

from raasid.config.schema.section import Section


class PathsConfig(Section):
    """Folders; relative ones are relative to where the command is typed."""

    root: Path = Path()
    data: Path = Path("data")
    """Generated and cached footage."""
    store: Path = Path("store")
    """Dataset versions."""
    registry: Path = Path("registry")
    """Model versions."""
    logs: Path = Path("logs")
    """A directory for each run: logs/<verb>/<date>_<time>_<hash>."""
