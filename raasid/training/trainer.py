"""From the `trainer` group to a Lightning Trainer."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers.logger import Logger

from raasid.config import Section
from raasid.errors import UsageError
from raasid.training.checkpoint_io import DurableCheckpointIO
from raasid.training.unprofiled import Unprofiled


def build_trainer(
    section: Section,
    run_dir: Path,
    callbacks: Sequence[pl.Callback] = (),
    loggers: Sequence[Logger] = (),
) -> pl.Trainer:
    """Make the engine.

    Raises UsageError where this machine cannot do what is asked (no GPU, too few devices).
    """
    _quieten()
    # determinism needs no filled memory, only code that never reads what it did not write; it costs a tenth
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    given: dict[str, Any] = {k: v for k, v in section.model_dump().items() if v is not None}
    given.pop("default_root_dir", None)
    # our sampler shards by itself: Lightning's would shuffle by rank and forget the position
    given["use_distributed_sampler"] = False
    given.setdefault("enable_progress_bar", False)
    given.setdefault("profiler", Unprofiled())
    sharded = str(given.get("strategy", "")).startswith("fsdp")
    try:
        return pl.Trainer(
            **given,
            callbacks=list(callbacks),
            logger=list(loggers) or False,
            plugins=None if sharded else [DurableCheckpointIO()],
            default_root_dir=run_dir,
        )
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        raise UsageError(f"trainer: {error}; this machine has {_devices()}") from error


def _devices() -> str:
    gpus = torch.cuda.device_count()
    return f"{gpus} GPU{'s' if gpus != 1 else ''} and {torch.get_num_threads()} CPU threads"


def _quieten() -> None:
    """Silence advice that we have taken or declined on purpose, and notes that our progress replaces."""
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in (
        ".*does not have many workers.*",
        ".*`Checkpoint` callback.*",
        ".*ModelCheckpoint.*",
        ".*exists and is not empty.*",
        ".*barrier.*using the device under current context.*",
        ".*The number of training batches.*",
        ".*overridden `transfer_batch_to_device`.*",
        ".*It is recommended to use .*sync_dist=True.*",
        ".*treespec.*is deprecated.*",
        ".*LeafSpec.*",
    ):
        warnings.filterwarnings("ignore", message)
