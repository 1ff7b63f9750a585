"""What a preemption costs a training on two nodes; Lightning's own auto-requeue in the same run.

A Slurm cluster on this machine (Debian's slurmctld, slurmd, slurm-client, munge), one job of each side with
one process on each of two nodes, the same network, --preemptions times `scancel -s USR1` to all processes of
the job at a random moment; with --one-rank the signal reaches one of them only. Lost are the optimiser steps
that are taken more than once. A restart lasts from the signal to the end of the first step after it; some 6
seconds of it are Slurm's, which lets a job that is queued again wait.

The claim: at most one step is lost each time, and the training ends after as many steps as it was asked for.
Last line: the figures. Exit status: 0 where it holds.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "cluster"))  # the cluster is that of the tests

from loopback_slurm import Slurm, loopback_slurm, missing  # type: ignore[import-not-found]  # noqa: E402
from two_node_training import Training, train  # type: ignore[import-not-found]  # noqa: E402

STEPS_OF_EPOCH, PAUSE_S, PATIENCE_S = 6, 0.15, 180.0


class Cost(NamedTuple):
    """What the preemptions of one training cost."""

    lost_steps: list[int]
    """Of each preemption."""
    restart_s: list[float]
    steps: int
    """Different ones that were taken."""
    hung: int = 0
    """Preemptions after which nothing went on."""


def lightning(slurm: Slurm, folder: Path, epochs: int) -> Training:
    """Submit the training of the peer."""
    folder.mkdir(mode=0o755)
    script = folder / "job.sbatch"
    words = f"{sys.executable} -m peer.lightning_requeue {folder} {epochs} {PAUSE_S}"
    script.write_text(
        "#!/bin/bash\n#SBATCH --nodes=2 --ntasks-per-node=1 --cpus-per-task=1 --mem=1500M\n"
        f"#SBATCH --requeue --open-mode=append --output={folder}/log.out\nsrun {words}\n"
    )
    path = f"{ROOT}:{ROOT / 'benchmarks'}"
    job = slurm.run("sbatch", "--parsable", script, cwd=folder, PYTHONPATH=path, OMP_NUM_THREADS="1")
    return Training(job.strip(), folder)


def preempt(slurm: Slurm, training: Training, times: int, generator: random.Random, one_rank: bool) -> Cost:
    """Preempt a training again and again while it is in its steps; wait until it ends."""
    lost, restarts, hung = list[int](), list[float](), 0
    for number in range(times):
        wait_for_step(training, number, 3)
        time.sleep(generator.uniform(0, 5 * PAUSE_S))
        begin = time.monotonic()
        if one_rank:
            os.kill(slurm.process(training.job, 1), signal.SIGUSR1)
        else:
            slurm.run("scancel", "-s", "USR1", training.job)
        try:
            wait_for_step(training, number + 1, 1)
        except TimeoutError:
            hung += 1
            slurm.run("scancel", training.job)
            break
        restarts.append(time.monotonic() - begin)
        steps = [(int(restart), int(step)) for restart, event, step in training.notes() if event == "step"]
        last = max(step for restart, step in steps if restart == number)
        first = min(step for restart, step in steps if restart == number + 1)
        lost.append(last + 1 - first)
        print(f"  preemption {number + 1}: after step {last}, goes on with {first}", flush=True)
    slurm.wait(training.job)
    taken = {step for _, event, step in training.notes() if event == "step"}
    return Cost(lost, restarts, len(taken), hung)


def _describe(cost: Cost) -> str:
    if not cost.restart_s:
        return "did not go on"
    return f"{max(cost.lost_steps)} steps lost at most, {median(cost.restart_s):.0f} s to go on"


def wait_for_step(training: Training, restart: int, steps: int) -> None:
    """Wait until a training has taken so many steps since a restart. Raises TimeoutError."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        since = [note for note in training.notes() if note[:2] == [str(restart), "step"]]
        if len(since) >= steps:
            return
        time.sleep(0.05)
    raise TimeoutError


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preemptions", type=int, default=5)
    parser.add_argument("--one-rank", action="store_true", help="signal the process of one node alone")
    args = parser.parse_args()
    if lacking := missing():
        parser.error(f"no Slurm here: {', '.join(lacking)}")
    epochs = 3 + 2 * args.preemptions
    with TemporaryDirectory(prefix="preemption-") as name, loopback_slurm(nodes=2) as slurm:
        folder = Path(name)
        folder.chmod(0o755)
        costs = {}
        for side in ("raasid", "lightning"):
            print(side, flush=True)
            generator = random.Random(0)  # the same moments for both
            if side == "raasid":
                length = f"trainer.max_epochs={epochs}"
                training = train(slurm, folder / side, folder / "data", length, pause_s=PAUSE_S)
            else:
                training = lightning(slurm, folder / side, epochs)
            costs[side] = preempt(slurm, training, args.preemptions, generator, args.one_rank)
    print(f"{'':<12}{'lost steps':>20}{'seconds to the next step':>30}{'steps':>12}{'hung':>6}")
    for side, cost in costs.items():
        lost = " ".join(map(str, cost.lost_steps))
        seconds = " ".join(f"{value:.0f}" for value in cost.restart_s)
        of = f"{cost.steps} of {epochs * STEPS_OF_EPOCH}"
        print(f"{side:<12}{lost:>20}{seconds:>30}{of:>12}{cost.hung:>6}")
    ours, theirs = costs["raasid"], costs["lightning"]
    complete = ours.steps == epochs * STEPS_OF_EPOCH and len(ours.lost_steps) == args.preemptions
    broken = not complete or max(ours.lost_steps, default=0) > 1
    figures = [_describe(its) for its in (ours, theirs)]
    print(f"{figures[0]}; Lightning: {figures[1]}, {theirs.hung} hung; {int(broken)} claims broken")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
