"""`raasid import`: store footage of any format as a dataset version that training can name."""

from __future__ import annotations

from pathlib import Path

from raasid.console import terminal
from raasid.datasets.factory import open_footage
from raasid.footage.store import DatasetStore
from raasid.pipeline.verb_configs import ImportConfig


def import_dataset(cfg: ImportConfig, run_dir: Path) -> None:
    """Read the footage, list what was rejected, store the rest, print the version's name."""
    footage = open_footage(cfg.data, Path(cfg.paths.data))
    quarantine = run_dir / "quarantine.json"
    footage.quarantine.write(quarantine)
    for note in footage.notes:
        terminal.err().print(f"note: {note}", markup=False)
    if footage.quarantine:
        terminal.err().print(f"left out, see {quarantine}: {footage.quarantine.describe()}", markup=False)
    version = DatasetStore(Path(cfg.paths.store)).add(cfg.name, footage, made_by=f"import {cfg.data.format}")
    counts = version.manifest["counts"]
    terminal.out().print(
        f"{version.ref}: {counts['clips']} clips, {counts['frames']} frames\n"
        f"next: raasid validate data=store data.dataset={version.ref}",
        markup=False,
    )
