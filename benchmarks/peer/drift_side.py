"""One tool that looks for drift in two tables, in a process of its own.

Last line of stdout: JSON with seconds, the features that drift, and the memory taken over that of the tables.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
Check = Callable[[], list[str]]
THRESHOLD = 0.1


def raasid(current: Rows, reference: Rows) -> Check:
    """Check with our permutation test, as in `raasid check`."""
    from raasid.stats.drift import detect

    return lambda: sorted(detect(current, reference).drifted)


def scipy(current: Rows, reference: Rows) -> Check:
    """Measure scipy's distance of each feature, and test nothing."""
    from scipy.stats import wasserstein_distance

    def check() -> list[str]:
        return [
            str(k)
            for k in range(current.shape[1])
            if wasserstein_distance(current[:, k], reference[:, k]) >= THRESHOLD * reference[:, k].std()
        ]

    return lambda: sorted(check())


def evidently(current: Rows, reference: Rows) -> Check:
    """Check with evidently's report of Wasserstein distances; its tables are made beforehand."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    names = [str(k) for k in range(current.shape[1])]
    definition = DataDefinition(numerical_columns=names)
    ours, theirs = (
        Dataset.from_pandas(pd.DataFrame(rows, columns=names), data_definition=definition)
        for rows in (current, reference)
    )

    def check() -> list[str]:
        report = Report([DataDriftPreset(num_method="wasserstein")]).run(ours, theirs)
        metrics = [metric for metric in report.dict()["metrics"] if "column" in metric["config"]]
        if len(metrics) != len(names):
            raise SystemExit(f"evidently reports {len(metrics)} of {len(names)} features")
        return [m["config"]["column"] for m in metrics if m["value"] >= m["config"]["threshold"]]

    return lambda: sorted(check())


TOOLS: dict[str, Callable[[Rows, Rows], Check]] = {"raasid": raasid, "scipy": scipy, "evidently": evidently}


def memory_bytes(what: str) -> int:
    """Return VmRSS, the memory taken now, or VmHWM, its peak since the last reset."""
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == what:
            return int(value.split()[0]) * 1024
    raise SystemExit(f"/proc/self/status has no {what}: this benchmark needs Linux")


def measured(tool: str, folder: Path, rounds: int) -> dict[str, Any]:
    """Time a tool; its modules are imported and used once before the memory and the time are taken.

    Seconds are those of the processor, so that other work on the machine does not count.
    """
    warm_up = np.random.default_rng(0).normal(size=(2, 500, 2))
    TOOLS[tool](*warm_up)()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = memory_bytes("VmRSS")
    current, reference = (np.load(folder / f"{side}.npy") for side in ("current", "reference"))
    check = TOOLS[tool](current, reference)
    seconds, drifted = [], []
    for _ in range(rounds):
        start = time.process_time()
        drifted = check()
        seconds.append(time.process_time() - start)
    taken = memory_bytes("VmHWM") - before
    return {
        "seconds": min(seconds),
        "drifted": drifted,
        "memory": taken / (current.nbytes + reference.nbytes),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tool", choices=sorted(TOOLS))
    parser.add_argument("--folder", type=Path, required=True, help="with current.npy and reference.npy")
    parser.add_argument("--rounds", type=int, default=1)
    args = parser.parse_args()
    print(json.dumps(measured(args.tool, args.folder, args.rounds)))


if __name__ == "__main__":
    main()
