"""How busy a sweep keeps its workers if some trials take three times as long as others; the peer's figure.

Four workers, --trials trials that sleep between --shortest seconds and three times as long. Hydra's own
Optuna sweeper launches batches of four, by the joblib launcher, and waits for the slowest of each; it has an
environment of its own, created once in --environment.

Busy is the time that the trials took, over that of four workers from the first start to the last end. The
end, when no trial is left for some of the workers, counts as idle. The claim: at least 95 %.
Last line: the figures. Exit status: 0 where it holds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from peer.environment import environment
from peer.sweep_side import ENVIRONMENT, PEER, Trials, hydra_sweep, ours

WORKERS, LIMIT = 4, 0.95


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=80)
    parser.add_argument("--shortest", type=float, default=1.0, help="seconds")
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT)
    args = parser.parse_args()
    peer = environment(args.environment, *PEER)
    words = (f"shortest={args.shortest}", f"hydra.sweeper.n_jobs={WORKERS}")
    joblib = ("hydra/launcher=joblib", f"hydra.launcher.n_jobs={WORKERS}")
    sides: dict[str, Trials] = {
        "raasid": ours("random", args.trials, *words),
        "hydra-optuna-sweeper": hydra_sweep(peer, "random", args.trials, *words, *joblib),
    }
    print(f"{'':<24}{'trials':>8}{'seconds':>10}{'busy':>8}{'seconds of each trial':>26}")
    for name, its in sides.items():
        took, each = its.end.max() - its.start.min(), its.end - its.start
        spread = f"{each.min():.2f} to {each.max():.2f}"
        print(f"{name:<24}{len(each):>8}{took:>10.1f}{its.busy(WORKERS):>8.1%}{spread:>26}", flush=True)
        if len(each) != args.trials:
            raise SystemExit(f"{name}: {len(each)} trials instead of {args.trials}")
    mine, theirs = (its.busy(WORKERS) for its in sides.values())
    broken = mine < LIMIT
    if broken:
        print(f"busy for {mine:.1%} of the time, {LIMIT:.0%} was claimed", file=sys.stderr)
    print(f"workers busy {mine:.1%}, {theirs:.1%} with hydra-optuna-sweeper; {int(broken)} claims broken")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
