"""A Hydra application with one parameter, for sweeps: it does nothing, or sleeps.

Each call appends a line to the file that SWEEP_TIMES names: number of the trial, its start and end by the
clock in seconds, and the processor time of its process at the start.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig


@dataclass
class Config:
    """What is searched, and how long a trial takes."""

    x: float = 0.0
    shortest: float = 0.0
    """Seconds of the shortest trial; the longest takes three times as long. 0: nothing is done."""


ConfigStore.instance().store(name="sphere", node=Config)


@hydra.main(version_base="1.3", config_path=None, config_name="sphere")
def task(config: Config) -> float:
    """Return the value to optimise."""
    start, used = time.time(), time.process_time()
    number = int(HydraConfig.get().job.num)
    if config.shortest:
        time.sleep(config.shortest * (1 + 2 * (number * 0.618034 % 1)))  # lengths spread evenly in any order
    with Path(os.environ["SWEEP_TIMES"]).open("a") as file:
        file.write(f"{number} {start} {time.time()} {used}\n")
    return config.x**2


if __name__ == "__main__":
    task()
