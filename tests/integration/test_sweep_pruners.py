"""Every pruner and sampler, constraints, and keys that depend on others, in sweeps that report."""

from __future__ import annotations

import csv
import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
import pytest
import yaml
from hydra.core.hydra_config import HydraConfig
from optuna.trial import FrozenTrial, Trial, TrialState
from test_sweep import trials

from raasid.errors import RaasidError
from raasid.sweeps import sweeper
from raasid.sweeps.current_trial import report

Swept = Callable[..., list[FrozenTrial]]


def job(cfg: Any) -> float:
    """A job that gets better from report to report, and ends where `cfg.x` and `cfg.y` say."""
    value = float(cfg.x) + float(cfg.get("y", 0))
    for step in range(6):
        report(value + 1 / (step + 1), step)
        report(1000, step)
        if cfg.get("stopped_at") == step and not Path("stopped").exists():
            Path("stopped").touch()
            raise SystemExit(75)
    folder = Path(HydraConfig.get().runtime.output_dir)
    with (folder / "metrics.csv").open("w") as file:
        csv.writer(file).writerows([["step", "size", "holes"], [1, 99, ""], [2, cfg.x, ""], [3, "", "nan"]])
    return value


def large_ones_have_a_y(cfg: Any, trial: Trial) -> None:
    if trial.params["+x"] >= 3:
        trial.suggest_float("+y", 1, 2)


def all_have_a_y(cfg: Any, trial: Trial) -> None:
    trial.suggest_float("+y", 1, 2)


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Swept:
    """Sweeps with the words of a command line; a warning is an error, as under `python -Werror`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    monkeypatch.setattr(sweeper, "write_page", lambda *_: "no page")
    own = [
        "-m",
        "hydra/sweeper=optuna",
        "hydra.sweep.dir=sweep",
        "hydra/job_logging=none",
        "hydra/hydra_logging=none",
    ]

    def run(*words: str) -> list[FrozenTrial]:
        monkeypatch.setattr(sys, "argv", ["app.py", *own, *words])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            hydra.main(version_base="1.3", config_path=str(tmp_path))(job)()
        return trials(Path("sweep"))

    return run


GRID = ("hydra/sweeper/sampler=grid", "+x=range(0,12)")
RESULTS = Path("sweep/optimization_results.yaml")
OPTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "median": {"n_startup_trials": 2},
    "percentile": {"n_startup_trials": 2},
    "hyperband": {"max_resource": 6},
    "successive_halving": {"min_resource": 1},
    "threshold": {"upper": 8},
    "wilcoxon": {},
    "patient": {"patience": 3, "wrapped_pruner.n_startup_trials": 2},
}


@pytest.mark.parametrize("pruner", OPTIONS)
def test_every_pruner_ends_hopeless_trials_early_and_keeps_the_best(pruner: str, sweep: Swept) -> None:
    options = [f"++hydra.sweeper.pruner.{key}={value}" for key, value in OPTIONS[pruner].items()]
    found = sweep(*GRID, f"hydra/sweeper/pruner={pruner}", *options)
    states = [trial.state for trial in found]
    assert len(found) == 12
    assert set(states) <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert (TrialState.PRUNED in states) == (pruner not in ("none", "patient")), "patient: all get better"
    for trial in found:
        assert list(trial.intermediate_values) == list(range(len(trial.intermediate_values)))
        assert max(trial.intermediate_values.values()) < 1000, "a step counts once"
    assert yaml.safe_load(RESULTS.read_text())["best_params"] == {"+x": 0}


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsgaii", "gp", "qmc"])
def test_every_sampler_prunes_and_keeps_constraints_without_a_warning(sampler: str, sweep: Swept) -> None:
    words = ("+x=interval(0,12)", "+y=range(0,3)", f"hydra/sweeper/sampler={sampler}")
    constraint = "hydra.sweeper.constraints={size: '>= 4'}"
    found = sweep(*words, "hydra/sweeper/pruner=median", constraint, "hydra.sweeper.n_trials=15")
    assert len(found) == 15
    complete = [trial for trial in found if trial.state is TrialState.COMPLETE]
    assert all(trial.constraints == {"size": pytest.approx(4 - trial.params["+x"])} for trial in complete)
    feasible = [trial.value or 0 for trial in complete if trial.params["+x"] >= 4]
    assert yaml.safe_load(RESULTS.read_text())["best_value"] == min(feasible)


def test_a_trial_that_was_stopped_goes_on_with_the_reports_it_has(sweep: Swept) -> None:
    found = sweep("+x=choice(1,2)", "hydra/sweeper/sampler=grid", "+stopped_at=2")
    assert Path("stopped").exists()
    assert [list(trial.intermediate_values) for trial in found] == [list(range(6))] * 2


def test_the_best_is_the_best_of_those_that_keep_all_constraints(sweep: Swept) -> None:
    found = sweep(*GRID, "hydra.sweeper.constraints={size: '>= 4', step: '<= 3'}")
    assert found[1].constraints == {"size": 3.0, "step": 0.0}
    assert yaml.safe_load(RESULTS.read_text())["best_params"] == {"+x": 4}
    with pytest.raises(RaasidError) as refused:
        sweep(*GRID, "hydra.sweeper.constraints={size: '>= 5'}")
    assert "constraint size: >= 4 -> >= 5" in str(refused.value)
    assert "constraint step: <= 3 -> none" in str(refused.value)


def test_if_no_trial_keeps_the_constraints_there_is_no_best(
    sweep: Swept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sweep("+x=choice(1,2)", "hydra/sweeper/sampler=grid", "hydra.sweeper.constraints={size: '>= 100'}")
    assert "No trial keeps all constraints, so there is no best one" in caplog.text
    assert not RESULTS.exists()
    assert not Path("sweep/experiment").exists()


@pytest.mark.parametrize(
    ("constraint", "reason"),
    [
        ("{size: 4}", "size: write '<= NUMBER' or '>= NUMBER', not '4'"),
        ("{size: '<= many'}", "not '<= many'"),
        ("[size]", "write {METRIC: '<= NUMBER'}"),
        ("{sizes: '<= 4'}", "sizes is not logged; did you mean 'size'?"),
        ("{holes: '<= 4'}", "holes is NaN"),
    ],
)
def test_a_constraint_that_cannot_be_checked_is_an_error(constraint: str, reason: str, sweep: Swept) -> None:
    words = ("+x=choice(1,2)", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_trials=1")
    with pytest.raises(RaasidError) as refused:
        sweep(*words, f"hydra.sweeper.constraints={constraint}")
    failed = trials(Path("sweep")) if Path("sweep/study.journal").exists() else []
    assert reason in str([refused.value, *(trial.user_attrs for trial in failed)])


def test_keys_that_depend_on_others_are_searched_with_pruning_and_after_a_stop(
    sweep: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    hook = "hydra.sweeper.custom_search_space=test_sweep_pruners"
    words = (
        "+x=range(0,6)", "hydra/sweeper/sampler=tpe", "hydra.sweeper.sampler.seed=1", "+stopped_at=0",
        "hydra/sweeper/pruner=median", "hydra.sweeper.pruner.n_startup_trials=2",
        "hydra.sweeper.direction=maximize",
    )  # fmt: skip
    sweep(*words, f"{hook}.large_ones_have_a_y", "hydra.sweeper.n_trials=8")
    found = sweep(*words, f"{hook}.large_ones_have_a_y", "hydra.sweeper.n_trials=12")
    assert len(found) == 12
    assert all(("+y" in trial.params) == (trial.params["+x"] >= 3) for trial in found)
    assert {len(trial.params) for trial in found} == {1, 2}
    assert TrialState.PRUNED in {trial.state for trial in found}
    best = yaml.safe_load(Path("sweep/experiment/best.yaml").read_text())
    assert best["x"] + best["y"] == max(
        trial.value or 0 for trial in found if trial.state is TrialState.COMPLETE
    )
    with pytest.raises(RaasidError, match=r"large_ones_have_a_y -> .*all_have_a_y"):
        sweep(*words, f"{hook}.all_have_a_y")
