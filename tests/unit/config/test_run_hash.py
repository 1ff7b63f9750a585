"""The hash that names a configuration."""

from __future__ import annotations

import re

import pytest

from raasid.config.compose import compose
from raasid.config.run_dir import run_hash
from raasid.config.section import Section
from raasid.pipeline.verb_configs import EvaluateConfig, TrainConfig


def digest(*overrides: str) -> str:
    return run_hash(compose("train", TrainConfig, overrides))


def test_the_same_configuration_always_has_the_same_six_digits() -> None:
    assert re.fullmatch(r"[0-9a-f]{6}", digest())
    assert digest("seed=1") == digest()


@pytest.mark.parametrize("word", ["paths.root=/elsewhere", "ckpt_path=last", "tags=[a]"])
def test_an_option_without_effect_on_the_result_does_not_change_the_hash(word: str) -> None:
    assert digest(word) == digest()


@pytest.mark.parametrize("word", ["seed=2", "model.channels=8", "data.augment.flip=0", "optimizer=sgd"])
def test_an_option_that_changes_the_result_changes_the_hash(word: str) -> None:
    assert digest(word) != digest()


def test_every_verb_has_a_hash() -> None:
    config: Section = compose("evaluate", EvaluateConfig, ["ckpt_path=a.ckpt"])

    assert len(run_hash(config)) == 6
