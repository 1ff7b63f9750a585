"""Our drift check compared with evidently's, and with a bare loop over scipy's Wasserstein distance.

Tables of 10,000 rows of 20 features and 100,000 rows of 50, on either side; once without drift, once with a
fifth of the features shifted by half a standard deviation. Our time includes 1,999 permutations; scipy's loop
and evidently test nothing. The tools run one after another on the same tables, each in a process of its own
with one thread, evidently in an environment of its own, created once in --environment (1 GB). Seconds are
processor time, so that other work on the machine does not count.

The claims: at least 30 times as fast as evidently, at most twice the time of scipy's loop, and at most 1.3
times the memory of the larger tables (the smaller ones take 3 MB, less than any program). All three tools
name the same features. Last line: the figures of the least favourable table. Exit status: 0 where they hold.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from peer.environment import environment

REPO = Path(__file__).resolve().parent.parent
PEER = ("evidently==0.7.23", "pandas<3")
SIZES = ((10_000, 20), (100_000, 50))
SHIFT, SHIFTED = 0.5, 0.2
FASTER, SLOWER, MEMORY = 30.0, 2.0, 1.3
ROUNDS = {"raasid": 3, "scipy": 3, "evidently": 2}


def write_tables(folder: Path, rows: int, features: int, drifted: bool) -> list[str]:
    """Write both sides; return the features that are shifted."""
    rng = np.random.default_rng(rows + drifted)
    current, reference = rng.normal(size=(2, rows, features))
    shifted = int(SHIFTED * features) if drifted else 0
    current[:, :shifted] += SHIFT
    np.save(folder / "current.npy", current)
    np.save(folder / "reference.npy", reference)
    return sorted(str(k) for k in range(shifted))


def side(python: Path, tool: str, folder: Path) -> dict[str, Any]:
    """Measure one tool in a process of its own."""
    script = str(REPO / "benchmarks" / "peer" / "drift_side.py")
    command = [str(python), script, tool, "--folder", str(folder), "--rounds", str(ROUNDS[tool])]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if tool == "raasid":
        env["PYTHONPATH"] = str(REPO)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=folder, env=env)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--environment", type=Path, default=Path(tempfile.gettempdir(), "raasid-evidently"))
    args = parser.parse_args()
    own = Path(sys.executable)
    pythons = {"raasid": own, "scipy": own, "evidently": environment(args.environment, *PEER)}
    problems, faster, slower, memory = [], [], [], []
    print(f"{'table':<24}{'tool':<12}{'seconds':>9}{'memory / data':>15}{'drifted':>9}")
    for rows, features in SIZES:
        for drifted in (False, True):
            name = f"{rows:,} x {features}{' drifted' if drifted else ''}"
            with tempfile.TemporaryDirectory() as folder:
                expected = write_tables(Path(folder), rows, features, drifted)
                found = {tool: side(python, tool, Path(folder)) for tool, python in pythons.items()}
            for tool, run in found.items():
                row = f"{name:<24}{tool:<12}{run['seconds']:>9.3f}{run['memory']:>15.2f}"
                print(f"{row}{len(run['drifted']):>9}", flush=True)
                if run["drifted"] != expected:
                    problems.append(f"{name}: {tool} names {run['drifted']}, but {expected} are shifted")
            faster.append(found["evidently"]["seconds"] / found["raasid"]["seconds"])
            slower.append(found["raasid"]["seconds"] / found["scipy"]["seconds"])
            memory.append(found["raasid"]["memory"])
    if min(faster) < FASTER:
        problems.append(f"{min(faster):.1f} times as fast as evidently, {FASTER:g} was claimed")
    if max(slower) > SLOWER:
        problems.append(f"{max(slower):.2f} times scipy's time, {SLOWER:g} was claimed")
    if memory[-1] > MEMORY:
        problems.append(f"{memory[-1]:.2f} times the memory of the data, {MEMORY:g} was claimed")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(
        f"at least {min(faster):.0f} times as fast as evidently, at most {max(slower):.2f} times scipy's "
        f"time, {memory[-1]:.2f} times the memory of 100,000 x 50; {len(problems)} claims broken"
    )
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
