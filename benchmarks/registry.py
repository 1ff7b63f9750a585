"""Our registry compared with MLflow's, in the same run, each in its own environment and folder.

At 10, 1,000 and 10,000 versions: versions created per second, each on the disk before the next; time to set
an alias, to get a version by alias, and to list the 100 newest as a new process would. MLflow once with
SQLite, once with its file store, which it refuses unless forced; it has --budget seconds to fill up.

The claims, at every size: 300 versions a second; an alias set in 2 ms, at 10,000 as at 10 (at most twice);
got in 0.1 ms; 100 listed in 20 ms. MLflow's environment is created once, in --environment.
Last line: the figure. Exit status: 0 where the claims hold.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from peer.environment import environment

HERE = Path(__file__).resolve().parent
PEER = ("mlflow-skinny==3.17.2", "sqlalchemy>=2", "alembic", "pandas")
PEERS = ("mlflow-sqlite", "mlflow-files")
LIMITS = {"create_per_s": 300.0, "set_alias_ms": 2.0, "get_ms": 0.1, "list_ms": 20.0}
FLAT = 2.0
Figures = dict[str, dict[str, float]]


def side(python: Path, store: str, sizes: list[int], budget: float) -> Figures:
    """Measure one store in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        words = [str(HERE / "peer" / "registry_side.py"), store, "--folder", folder, "--budget", str(budget)]
        command = [str(python), *words, "--sizes", *map(str, sizes)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=folder)
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def broken(ours: Figures) -> list[str]:
    """Return the claims that do not hold."""
    found = []
    for size, figures in ours.items():
        for name, limit in LIMITS.items():
            fine = figures[name] >= limit if name == "create_per_s" else figures[name] <= limit
            if not fine:
                found.append(f"{name} at {size}: {figures[name]:.3g}, {limit:g} was claimed")
    first, last = (
        figures["set_alias_ms"] for figures in (ours[min(ours, key=int)], ours[max(ours, key=int)])
    )
    if last > FLAT * first:
        found.append(f"set_alias_ms is not flat: {first:.3g} -> {last:.3g}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 1_000, 10_000])
    parser.add_argument("--budget", type=float, default=240.0, help="seconds for filling each of the peer's")
    parser.add_argument("--environment", type=Path, default=Path(tempfile.gettempdir(), "raasid-mlflow"))
    args = parser.parse_args()
    ours = side(Path(sys.executable), "raasid", args.sizes, 3600.0)
    peers = {
        peer: side(environment(args.environment, *PEER), peer, args.sizes, args.budget) for peer in PEERS
    }
    print(f"{'versions':>8} {'':<14}{'raasid':>12}" + "".join(f"{peer:>16}{'ratio':>9}" for peer in PEERS))
    for size, figures in ours.items():
        for name, value in figures.items():
            row = f"{size:>8} {name:<14}{value:>12.3f}"
            for peer in PEERS:
                other = peers[peer].get(size, {}).get(name)
                ratio = "" if other is None else _ratio(name, value, other)
                row += f"{'not reached' if other is None else f'{other:.3f}':>16}{ratio:>9}"
            print(row)
    problems = broken(ours)
    for problem in problems:
        print(problem, file=sys.stderr)
    top = ours[max(ours, key=int)]
    figures_text = ", ".join(f"{name} {value:.3g}" for name, value in top.items())
    print(f"at {max(ours, key=int)} versions: {figures_text}; {len(problems)} claims broken")
    return int(bool(problems))


def _ratio(name: str, ours: float, theirs: float) -> str:
    """Format how many times better ours is."""
    better = ours / theirs if name == "create_per_s" else theirs / ours
    return f"x{better:.1f}"


if __name__ == "__main__":
    sys.exit(main())
