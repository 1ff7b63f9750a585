"""One sweep of `sweep_app.py` or `sweep_raw.py` in processes of its own, and when its trials ran."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

REPO = Path(__file__).resolve().parent.parent.parent
PEER = ("hydra-core==1.4.0rc3", "hydra-optuna-sweeper==1.4.0rc3", "hydra-joblib-launcher==1.4.0rc3")
ENVIRONMENT = Path(tempfile.gettempdir(), "raasid-optuna-sweeper")


@dataclass
class Trials:
    """The trials of one sweep, in the order in which they began."""

    start: NDArray[np.float64]
    """Seconds by the clock."""
    end: NDArray[np.float64]
    cpu: NDArray[np.float64]
    """Processor seconds of the process at the start."""
    command_s: float
    """Seconds of the whole command."""
    command_cpu_s: float
    """Processor seconds of all its processes."""

    @property
    def ms(self) -> float:
        """Milliseconds from the start of a trial to that of the next, on average."""
        return float(1e3 * np.diff(self.start).mean())

    @property
    def cpu_ms(self) -> float:
        """The same in processor time, the parent's polling not included."""
        return float(1e3 * np.diff(self.cpu).mean())

    @property
    def growth_ms(self) -> float:
        """Median processor time of the last tenth of the trials less that of the first tenth."""
        each = np.diff(self.cpu)
        tenth = len(each) // 10
        return float(1e3 * (np.median(each[-tenth:]) - np.median(each[:tenth])))

    def busy(self, workers: int) -> float:
        """Share of the time from the first start to the last end in which workers ran a trial."""
        return float((self.end - self.start).sum() / (workers * (self.end.max() - self.start.min())))


def sweep(python: Path | str, script: str, *words: str, ours: bool = False) -> Trials:
    """Run a sweep in an empty folder. Raises SystemExit with the end of its complaint."""
    with tempfile.TemporaryDirectory() as folder:
        times = Path(folder) / "times"
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "SWEEP_TIMES": str(times)}
        environment.pop("PYTHONPATH", None)  # the peer must not find our plugin
        if ours:
            environment["PYTHONPATH"] = str(REPO)
        command = [str(python), "-W", "ignore", str(Path(__file__).with_name(script)), *words]
        before, begin = _cpu_s(), time.monotonic()
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=folder, env=environment, check=False
        )
        took, used = time.monotonic() - begin, _cpu_s() - before
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr[-2000:]}")
        rows = sorted(tuple(map(float, line.split()[1:])) for line in times.read_text().splitlines())
        start, end, cpu = np.array(rows).T
    return Trials(start, end, cpu, took, used)


def hydra_sweep(python: Path | str, sampler: str, n_trials: int, *words: str, ours: bool = False) -> Trials:
    """Run a sweep by `hydra/sweeper=optuna`, whosever it is."""
    options = [
        "-m", "hydra/sweeper=optuna", f"hydra/sweeper/sampler={sampler}", "hydra.sweeper.sampler.seed=1",
        "x=interval(-5,5)", f"hydra.sweeper.n_trials={n_trials}", "hydra.sweep.dir=sweep",
    ]  # fmt: skip
    return sweep(python, "sweep_app.py", *options, *words, ours=ours)


def ours(sampler: str, n_trials: int, *words: str) -> Trials:
    """Run a sweep by our sweeper."""
    return hydra_sweep(sys.executable, sampler, n_trials, *words, ours=True)


def _cpu_s() -> float:
    used: Any = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(used.ru_utime + used.ru_stime)
