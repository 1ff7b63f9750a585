"""The sides of the sweep benchmarks at a small size: each runs its trials once, and its figures are right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_a_side_runs_every_trial_once_and_its_workers_at_the_same_time() -> None:
    from peer.sweep_side import ours  # type: ignore[import-not-found]

    found = ours("random", 8, "shortest=0.1", "hydra.sweeper.n_jobs=2")
    took = found.end - found.start
    assert len(took) == 8
    assert took.min() >= 0.1
    assert 1.5 < took.max() / took.min() < 4
    assert (found.start[1:] < found.end[:-1]).any(), "two at a time"
    assert 0.2 < found.busy(2) <= 1.0


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sweep_raw.py", ("journal", "tpe", "12")),
        ("sweep_app.py", ("-m", "x=range(0,12)", "hydra.sweep.dir=s")),
    ],
)
def test_raw_optuna_and_bare_hydra_run_every_trial_once(script: str, words: tuple[str, ...]) -> None:
    from peer.sweep_side import sweep

    found = sweep(sys.executable, script, *words, ours=True)
    assert len(found.start) == 12
    assert (np.diff(found.start) > 0).all()
    assert found.cpu_ms > 0


def test_a_side_that_fails_says_why() -> None:
    from peer.sweep_side import sweep

    with pytest.raises(SystemExit, match="nosuchkey"):
        sweep(sys.executable, "sweep_app.py", "nosuchkey=1", ours=True)


def test_cost_growth_and_busy_share_are_derived_from_the_times_of_the_trials() -> None:
    from peer.sweep_side import Trials

    start = np.arange(100) * 0.020
    cpu = np.where(np.arange(100) < 50, np.arange(100) * 0.010, np.arange(100) * 0.013)
    found = Trials(start, start + 0.019, cpu, command_s=3.0, command_cpu_s=2.0)
    assert found.ms == pytest.approx(20)
    assert found.growth_ms == pytest.approx(3)
    assert found.busy(1) == pytest.approx(0.95, abs=0.001)
    assert found.busy(2) == pytest.approx(0.475, abs=0.001)


@pytest.mark.soak(only=True)
@pytest.mark.parametrize(
    ("script", "words"), [("sweep_overhead.py", ("--trials", "20")), ("sweep_busy.py", ("--trials", "16"))]
)
def test_the_benchmarks_compare_with_the_peer(script: str, words: tuple[str, ...]) -> None:
    command = [sys.executable, str(BENCHMARKS / script), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    assert "hydra-optuna-sweeper" in done.stdout.splitlines()[-1]


def outcome(best: float, steps: int) -> Any:
    from sweep_pruning import Outcome  # type: ignore[import-not-found]

    return Outcome(best, {}, [best], steps, 0, 10.0)


@pytest.mark.parametrize(
    ("best", "steps", "status"), [(1.05, 500, 0), (1.05, 700, 1), (1.2, 500, 1), (0.9, 600, 0)]
)
def test_pruning_has_to_save_steps_and_may_lose_no_more_than_the_noise(
    best: float, steps: int, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    from sweep_pruning import judge

    assert judge({(1, "none"): outcome(1.0, 1000), (1, "median"): outcome(best, steps)}, 1, 0.1) == status
    assert f"{steps / 1000:.2f} of the steps (at most 0.6)" in capsys.readouterr().out.splitlines()[-1]


def test_a_sweep_of_trainings_counts_the_steps_of_every_trial(tmp_path: Path, league: list[str]) -> None:
    from sweep_pruning import sweep

    (data,) = (word for word in league if word.startswith("paths.data="))
    words = ["seed=choice(1,2)", "hydra/sweeper/sampler=grid", "data.matches=4", "data.val_matches=1", data]
    found = sweep(tmp_path / "root", [*words, "trainer.max_epochs=1", "data.samples_per_epoch=16"])
    assert found.steps == 2 * 2
    assert len(found.values) == 2
    assert found.best == min(found.values)
    assert found.processor_s > 0
