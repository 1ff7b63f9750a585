"""Hydra's record of a run, `.hydra/*.yaml`, written as all our files are: complete or not at all.

Hydra itself truncates the file of an earlier start before it writes, so that a full disk would take the
configuration from a run that is to be resumed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hydra.core.utils
from omegaconf import OmegaConf

from raasid.io.atomic import write_atomic


def _save_config(cfg: Any, filename: str, output_dir: Path) -> None:
    write_atomic(output_dir / filename, OmegaConf.to_yaml(cfg))


def write_hydra_output_atomically() -> None:
    """Let Hydra write its record through us, in this process."""
    hydra.core.utils._save_config = _save_config
