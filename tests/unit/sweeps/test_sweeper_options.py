"""The section `hydra.sweeper`: every sampler and pruner can be built, and wrong values are named."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from optuna.distributions import FloatDistribution

from hydra_plugins.raasid_optuna_sweeper.optuna_sweeper import PRUNERS, SAMPLERS
from raasid.errors import UsageError
from raasid.sweeps.search_space import SearchSpace
from raasid.sweeps.sweeper_options import SweepOptions, create_nsgaiii_sampler

SPACE = SearchSpace({"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}, {})


def options(**given: Any) -> SweepOptions:
    return SweepOptions.read({"sampler": SAMPLERS["random"], **given})


def draws(folder: Path, sampler: dict[str, Any], worker: int = 0, trials: int = 2) -> list[float]:
    study = options(sampler=sampler).open_study("s", SPACE, folder, worker)
    found = []
    for _ in range(trials):
        trial = study.ask()
        found.append(trial.suggest_float("x", 0, 1))
        trial.suggest_float("y", 0, 1)
        study.tell(trial, found[-1])
    return found


@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - {"motpe"}))
def test_each_sampler_works_with_its_defaults_and_warns_of_nothing(name: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(draws(tmp_path, SAMPLERS[name] | {"seed": 1}, trials=3)) == 3


@pytest.mark.parametrize("name", sorted(PRUNERS))
def test_each_pruner_can_be_built(name: str) -> None:
    bounds = {"upper": 1.0} if name == "threshold" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        options(pruner=PRUNERS[name] | bounds).check()


def test_the_same_seed_gives_the_same_trials_and_others_in_each_worker_and_when_it_goes_on(
    tmp_path: Path,
) -> None:
    sampler = SAMPLERS["random"] | {"seed": 1}
    first = draws(tmp_path / "a", sampler)
    assert draws(tmp_path / "b", sampler) == first
    worker, later = draws(tmp_path / "c", sampler, worker=1), draws(tmp_path / "a", sampler)
    assert len({*first, *worker, *later}) == 6


def test_reference_points_are_an_array_and_null_is_the_default_of_optuna(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("optuna.samplers.NSGAIIISampler", dict)
    given: Any = create_nsgaiii_sampler(reference_points=[[0, 1], [1, 0]], crossover=None, seed=3)
    assert given.keys() == {"reference_points", "seed"}
    assert isinstance(given["reference_points"], np.ndarray)


def test_a_function_of_constraints_is_found_by_its_name(tmp_path: Path) -> None:
    sampler = SAMPLERS["tpe"] | {"constraints_func": "math.isfinite"}
    study = options(sampler=sampler).open_study("s", SPACE, tmp_path)
    assert study.sampler._constraints_func.__name__ == "isfinite"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n_trials": 0}, "hydra.sweeper.n_trials: must be a whole number from 1, but is '0'"),
        ({"n_jobs": True}, "hydra.sweeper.n_jobs: must be a whole number from 1"),
        ({"max_failure_rate": 2}, "hydra.sweeper.max_failure_rate: must be from 0 to 1, but is '2'"),
        ({"n_trails": 3}, "hydra.sweeper.n_trails: no such key; did you mean 'n_trials'"),
        ({"direction": "minimise"}, "hydra.sweeper.direction: minimize or maximize, but is 'minimise'"),
        ({"direction": ["minimize"] * 2, "pruner": PRUNERS["median"]}, "several values cannot be pruned by"),
        ({"sampler": SAMPLERS["motpe"]}, "The 'motpe' sampler was removed in Optuna 4.0"),
        ({"storage": {"_target_": "optuna.storages.Nowhere"}}, "hydra.sweeper.storage: _target_"),
        ({"storage": "sqlite://"}, "is in the memory of one process"),
        ({"storage": "studies"}, "studies: is neither a URL nor a journal"),
        ({"storage": "nosql://x"}, "nosql://x: Can't load plugin"),
    ],
)
def test_what_cannot_be_used_is_named(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    def start() -> None:
        made = options(**given)
        made.check()
        made.open_study("s", SPACE, tmp_path)

    with pytest.raises(UsageError) as caught:
        start()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("given", "monitor", "mode", "expected"),
    [
        (None, "${optimized_metric}", "max", "maximize"),
        (None, "${optimized_metric}", "min", "minimize"),
        (None, "val/loss", "max", "minimize"),
        ("minimize", "${optimized_metric}", "max", "minimize"),
    ],
)
def test_a_sweep_looks_for_what_the_best_checkpoint_is_chosen_by(
    given: str | None, monitor: str, mode: str, expected: str
) -> None:
    checkpoint = {"model_checkpoint": {"monitor": monitor, "mode": mode}}
    config = OmegaConf.create({"optimized_metric": "val/ap", "callbacks": checkpoint})
    assert options(direction=given).with_direction_of(config).directions == [expected]
    assert options().with_direction_of(OmegaConf.create({"x": 1})).directions == ["minimize"]


def test_finding_the_plugin_imports_neither_optuna_nor_torch() -> None:
    code = "import sys, hydra_plugins.raasid_optuna_sweeper.optuna_sweeper; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"optuna", "torch", "sqlalchemy"} & set(found.stdout.split())


def test_hydra_finds_the_sweeper() -> None:
    from hydra.core.plugins import Plugins
    from hydra.plugins.sweeper import Sweeper

    assert "OptunaSweeper" in [found.__name__ for found in Plugins.instance().discover(Sweeper)]
