"""What pruning saves: sweeps of a small ball model with and without the median pruner.

A trial is 80 steps on a small synthetic league; it reports `val/loss` after each of ten epochs. For each
seed both sides sample the same parameters at random, one worker each, so that steps and values do not depend
on how busy the machine is. Compute is counted in optimiser steps; processor seconds of the whole sweeps, with
imports, set-up of each trial, validation and report, are printed beside it. Noise is the standard deviation
of the best parameters' value over trainings with other seeds.

The claim: the mean best value is no worse than without pruning by more than the noise, for at most 0.6 times
the steps. Last line: the figure. Exit status: 0 where the claim holds.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import yaml
from optuna.study import load_study
from optuna.trial import TrialState

from raasid.sweeps.study_journal import open_journal

REPO = Path(__file__).resolve().parents[1]
SHARE = 0.6
TRAINING = (
    "data=synthetic_tiny", "data.matches=10", "data.val_matches=4", "data.clips_per_match=2",
    "data.batch_size=8", "data.samples_per_epoch=64", "model.channels=4", "trainer=cpu",
    "trainer.max_epochs=10", "trainer.check_val_every_n_epoch=1", "optimized_metric=val/loss",
    "hydra.sweeper.direction=minimize", "test=false", "register=false",
)  # fmt: skip
SPACE = (
    "optimizer.lr=tag(log,interval(1e-4,5e-2))",
    "optimizer.weight_decay=tag(log,interval(1e-4,1e-1))",
    "data.augment.zoom=interval(0,0.4)",
)


class Outcome(NamedTuple):
    """What a sweep found, and for how much."""

    best: float
    params: dict[str, float]
    values: list[float]
    steps: int
    pruned: int
    processor_s: float


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=REPO / "data" / "benchmark", help="for the league")
    parser.add_argument("--trials", type=int, default=30, help="of each sweep")
    parser.add_argument("--seeds", type=int, default=3, help="number of sweeps on each side")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="sweeps at once")
    parser.add_argument("--overrides", nargs="*", default=[], help="more, as for raasid sweep")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(args.workers) as pool:
        root = Path(name)
        common = [
            f"paths.data={args.folder.resolve()}",
            *args.overrides,
            f"hydra.sweeper.n_trials={args.trials}",
        ]
        sweep(
            root / "league", [*common, "seed=choice(1,2)", "hydra.sweeper.n_trials=1", "trainer.max_epochs=1"]
        )
        jobs = {
            (seed, pruner): pool.submit(
                sweep,
                root / f"{pruner}_{seed}",
                [*SPACE, *common, "hydra/sweeper/sampler=random", f"hydra.sweeper.sampler.seed={seed}",
                 f"hydra/sweeper/pruner={pruner}"],
            )
            for seed in range(1, args.seeds + 1)
            for pruner in ("none", "median")
        }  # fmt: skip
        outcomes = {key: job.result() for key, job in jobs.items()}
        best = min((outcomes[seed, "none"] for seed in range(1, args.seeds + 1)), key=lambda each: each.best)
        fixed = [f"{key}={value}" for key, value in best.params.items()]
        again = [*common, *fixed, "seed=choice(1,2,3,4,5)", "hydra/sweeper/sampler=grid"]
        noise = statistics.stdev(sweep(root / "noise", again).values)
    return judge(outcomes, args.seeds, noise)


def judge(outcomes: dict[tuple[int, str], Outcome], seeds: int, noise: float) -> int:
    """Print all sweeps and the figure; return the exit status."""
    for (seed, pruner), its in outcomes.items():
        print(
            f"seed {seed}, {pruner:6}: best {its.best:.4f}, {its.steps} steps, {its.pruned} pruned, "
            f"{its.processor_s:.0f} processor seconds"
        )
    none, median = ([outcomes[seed, side] for seed in range(1, seeds + 1)] for side in ("none", "median"))
    steps = sum(each.steps for each in median) / sum(each.steps for each in none)
    seconds = sum(each.processor_s for each in median) / sum(each.processor_s for each in none)
    loss = statistics.mean(each.best for each in median) - statistics.mean(each.best for each in none)
    print(
        f"median pruning / none: {steps:.2f} of the steps (at most {SHARE}), {seconds:.2f} of the processor "
        f"seconds; best val/loss {loss:+.4f} (at most the noise, {noise:.4f})"
    )
    return int(steps > SHARE or loss > noise)


def sweep(root: Path, overrides: Sequence[str]) -> Outcome:
    """Run one sweep with one worker. Raises RuntimeError if it fails."""
    command = [sys.executable, str(REPO / "sweep.py"), *TRAINING, f"paths.root={root}", *overrides]
    root.mkdir()
    with (root / "output").open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError((root / "output").read_text()[-2000:])
    (folder,) = (root / "logs" / "sweep").iterdir()
    found = yaml.safe_load((folder / "optimization_results.yaml").read_text())
    study = load_study(study_name=folder.name, storage=open_journal(folder / "study.journal"))
    return Outcome(
        found["best_value"],
        found["best_params"],
        [trial.values[0] for trial in study.get_trials(states=(TrialState.COMPLETE,))],
        sum(steps_of(folder / str(trial.number)) for trial in study.trials),
        len(study.get_trials(states=(TrialState.PRUNED,))),
        usage.ru_utime + usage.ru_stime,
    )


def steps_of(run_dir: Path) -> int:
    """Return the optimiser steps of a training."""
    with (run_dir / "metrics.csv").open(newline="") as file:
        return 1 + max(int(row["step"]) for row in csv.DictReader(file))


if __name__ == "__main__":
    sys.exit(main())
