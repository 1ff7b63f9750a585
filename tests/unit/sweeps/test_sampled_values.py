"""A run has the values that were sampled for its trial, or it fails and says which it lacks."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from omegaconf import OmegaConf

from raasid.sweeps.sampled_values import SampledValueLost, check_params, find_lost_values

CONFIG = {
    "lr": 0.001, "name": "adam", "flag": True, "none": None, "sizes": [8, 16],
    "net": {"depth": 3, "act": "relu"}, "alias": "${lr}", "literal": "c,d",
}  # fmt: skip
HYDRA = {"runtime": {"choices": {"optimizer": "sgd", "data@train": "store"}}, "job": {"name": "train"}}


def lost(params: dict[str, Any]) -> list[str]:
    return list(find_lost_values(params, OmegaConf.create(CONFIG), OmegaConf.create(HYDRA)))


@pytest.mark.parametrize(
    "params",
    [
        {"lr": 0.001, "+name": "adam", "++flag": True, "none": None, "net.depth": 3},
        {"lr": 1e-3, "name": "'adam'", "sizes": "[8,16]", "literal": "'c,d'"},
        {"net": "{depth:3}"},
        {"alias": 0.001},
        {"lr": "${somewhere}"},
        {"optimizer": "sgd", "data@train": "store", "hydra.job.name": "train"},
        {"net.depth": 3.0},
    ],
)
def test_values_that_arrived_are_no_problem(params: dict[str, Any]) -> None:
    assert lost(params) == []


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"lr": 0.01}, "lr: 0.01 was sampled, but the run has 0.001"),
        ({"+w": 1}, "+w: 1 was sampled, but the run has no such key"),
        ({"optimizer": "adam"}, "optimizer: adam was sampled, but the run has sgd"),
        ({"net": "{depth:4}"}, "net: {depth:4} was sampled, but the run has"),
        ({"sizes": "[8]"}, "sizes: [8] was sampled, but the run has [8, 16]"),
        ({"flag": "'yes'"}, "flag: 'yes' was sampled, but the run has True"),
        ({"hydra.job.name": "other"}, "hydra.job.name: other was sampled, but the run has train"),
    ],
)
def test_a_value_that_did_not_arrive_is_named_with_the_one_that_did(
    params: dict[str, Any], said: str
) -> None:
    (sentence,) = lost(params)
    assert sentence.startswith(said)


def test_a_trial_that_was_queued_with_a_key_that_is_not_searched_is_refused() -> None:
    study = optuna.create_study()
    study.enqueue_trial({"lr": 0.1, "typo": 3})
    trial = study.ask()
    trial.suggest_float("lr", 0, 1)
    with pytest.raises(SampledValueLost, match="typo: 3 was queued, but the sweep does not search this key"):
        check_params(trial, {})


def test_a_key_that_is_fixed_cannot_be_sampled_by_a_hook() -> None:
    trial = optuna.create_study().ask()
    trial.suggest_float("+w", 1, 1)
    check_params(trial, {"v": "3"})
    with pytest.raises(SampledValueLost, match=r"\+w was sampled as 1.0, and w is fixed to 3"):
        check_params(trial, {"w": "3"})
