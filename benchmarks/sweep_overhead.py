"""What a sweep costs per trial, compared with Hydra's own Optuna sweeper and with raw Optuna, in one run.

An objective that does nothing, one worker, --trials trials. Ours stores each outcome in a journal, flushed to
the disk. The peer keeps the study in memory, as is its default, and with the fewest trials once in SQLite,
too; it has an environment of its own, created once in --environment. Raw Optuna has a journal and no Hydra.
The row of bare Hydra says what it costs to compose and launch a job without any study.

A trial costs the time from its start to the start of the next. The processor time beside it is that of the
process that runs the trials, and the better figure on a machine that has other work.

The claims: at most 20 ms a trial; from the first tenth of 1,000 trials to the last no growth beyond that of
raw Optuna and 2 ms (medians, in processor time). Last line: the figures. Exit status: 0 where they hold.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from peer.environment import environment
from peer.sweep_side import ENVIRONMENT, PEER, Trials, hydra_sweep, ours, sweep

LIMIT_MS, GROWTH_MS = 20.0, 2.0


def measure(peer: Path, sampler: str, n_trials: int, sqlite: bool) -> dict[str, Trials]:
    """Run one after another all sides with as many trials, and print a row each."""
    sides: dict[str, Callable[[], Trials]] = {
        "raasid, journal": lambda: ours(sampler, n_trials),
        "hydra-optuna-sweeper, memory": lambda: hydra_sweep(
            peer, sampler, n_trials, "hydra.sweeper.n_jobs=1"
        ),
        "raw Optuna, journal": lambda: sweep(sys.executable, "sweep_raw.py", "j", sampler, str(n_trials)),
    }
    if sqlite:
        words = (
            "hydra.sweeper.n_jobs=1",
            "hydra.sweeper.storage=sqlite:///s.db",
            "hydra.sweeper.study_name=s",
        )
        sides["hydra-optuna-sweeper, SQLite"] = lambda: hydra_sweep(peer, sampler, n_trials, *words)
        jobs = ("-m", f"x=range(0,{n_trials})", "hydra.sweep.dir=sweep")
        sides["bare Hydra, no study"] = lambda: sweep(sys.executable, "sweep_app.py", *jobs, ours=True)
    found = {}
    for name, run in sides.items():
        found[name] = its = run()
        if len(its.start) != n_trials:
            raise SystemExit(f"{name}: {len(its.start)} trials instead of {n_trials}")
        row = f"{name:<30}{sampler:<8}{n_trials:>7,}{its.ms:>10.1f}{its.cpu_ms:>10.1f}{its.growth_ms:>10.2f}"
        print(f"{row}{its.command_s:>11.1f}{its.command_cpu_s:>9.1f}", flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1_000])
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT)
    args = parser.parse_args()
    peer = environment(args.environment, *PEER)
    print(f"{'':<30}{'':<8}{'':>7}{'ms a trial':>20}{'growth':>10}{'whole command, s':>20}")
    print(f"{'':<30}{'sampler':<8}{'trials':>7}{'clock':>10}{'cpu':>10}{'cpu ms':>10}{'clock':>11}{'cpu':>9}")
    runs = [("random", n_trials) for n_trials in args.trials] + [("tpe", args.trials[0])]
    found = [measure(peer, *run, sqlite=run == runs[0]) for run in runs]
    problems, cost, ratio = [], [], []
    for (sampler, n_trials), sides in zip(runs, found, strict=True):
        mine, theirs, raw = list(sides.values())[:3]
        cost.append(mine.ms)
        ratio.append(theirs.ms / mine.ms)
        if mine.ms > LIMIT_MS:
            problems.append(f"{sampler}, {n_trials} trials: {mine.ms:.1f} ms, {LIMIT_MS:g} was claimed")
        growth = mine.growth_ms - raw.growth_ms
        if n_trials >= 1_000 and growth > GROWTH_MS:
            problems.append(
                f"{sampler}: grows by {growth:.1f} ms over {n_trials} trials, more than raw Optuna"
            )
    for problem in problems:
        print(problem, file=sys.stderr)
    print(
        f"at most {max(cost):.1f} ms a trial, {min(ratio):.1f} to {max(ratio):.1f} times less than "
        f"hydra-optuna-sweeper; {len(problems)} claims broken"
    )
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
