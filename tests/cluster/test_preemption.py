"""A training on two nodes that is preempted at any moment ends bit for bit as if it had not been."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from loopback_slurm import Slurm
from soak import SOAK
from test_submit import wait_for
from two_node_training import Training, is_there, train

SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)


def signal_rank(slurm: Slurm, training: Training, rank: int, which: signal.Signals) -> bool:
    """Signal the process of one rank alone; return whether it was still there."""
    with suppress(ProcessLookupError):
        if (process := slurm.process(training.job, rank)) is not None:
            os.kill(process, which)
            return True
    return False


def check(slurm: Slurm, training: Training, undisturbed: Training) -> None:
    """Assert that a training which was preempted has ended as the one that was not."""
    assert slurm.wait(training.job) == {training.job: "COMPLETED"}, training.log()
    assert training.lost_steps() <= training.restarts(), training.notes()
    begins = [0] * (training.restarts() + 1)
    for restart, event, step in reversed(training.notes()):
        if event == "step":
            begins[int(restart)] = int(step)
    for stop in re.findall(r"preempted by \w+ at step (\d+)", training.log()):
        assert {int(stop), int(stop) + 1} & {*begins, 19}, (training.notes(), training.log())
    found, wanted = training.weights(), undisturbed.weights()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[key], wanted[key]) for key in wanted), training.log()


def test_a_signal_to_one_rank_stops_both_at_one_step_and_the_training_goes_on_there(
    slurm: Slurm, undisturbed: tuple[Training, float], tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    training = train(slurm, tmp_path / "run", undisturbed[0].folder.parent / "data")
    moments: list[tuple[signal.Signals, Callable[[], bool]]] = [
        (signal.SIGUSR1, lambda: any(training.folder.glob("logs/train/*/run.json"))),  # before the first step
        (signal.SIGUSR2, is_there(training, "validation", 6)),
        (signal.SIGTERM, is_there(training, "step", 10)),
    ]
    for restarts, (which, moment) in enumerate(moments, 1):
        wait_for(moment)
        assert signal_rank(slurm, training, 1, which), training.log()
        wait_for(lambda restarts=restarts: training.restarts() == restarts)
    check(slurm, training, undisturbed[0])
    assert training.restarts() == 3, training.log()


@pytest.mark.soak(only=True)
def test_a_signal_at_any_moment_loses_a_step_at_most(
    slurm: Slurm, undisturbed: tuple[Training, float], tmp_path: Path
) -> None:
    assert SOAK
    tmp_path.chmod(0o755)
    reference, duration_s = undisturbed
    generator = random.Random(0)
    moments = [
        (generator.uniform(0, duration_s), generator.choice(SIGNALS), generator.randrange(2))
        for _ in range(20)
    ]

    def preempt(number: int) -> int:
        delay_s, which, rank = moments[number]
        training = train(slurm, tmp_path / str(number), reference.folder.parent / "data")
        wait_for(lambda: slurm.process(training.job, rank) is not None)
        time.sleep(delay_s)
        signal_rank(slurm, training, rank, which)  # one that has ended before has nothing to lose
        check(slurm, training, reference)
        assert training.restarts() <= 1, training.log()
        print(number, f"{delay_s:.1f} s", which.name, rank, training.restarts(), training.lost_steps())
        return training.restarts()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(preempt, range(20))) >= 15


@pytest.mark.soak(only=True)
def test_a_training_goes_on_past_its_time_limit_in_one_job_after_another(
    slurm: Slurm, undisturbed: tuple[Training, float], tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    limit = ("hydra.launcher.time=2", "hydra.launcher.signal_delay_s=30")
    training = train(slurm, tmp_path / "run", undisturbed[0].folder.parent / "data", *limit, pause_s=6)
    check(slurm, training, undisturbed[0])
    assert training.restarts() >= 1
    print("restarts", training.restarts(), "steps taken again", training.lost_steps())
