"""Objects built from configuration sections."""

from __future__ import annotations

from collections import Counter

import pytest

from raasid.config.build import build
from raasid.config.error_messages import ConfigProblems
from raasid.config.section import CustomClassConfig, Section
from raasid.errors import UsageError
from raasid.models.config import BallHeatmapConfig, recorded_model_config
from raasid.training.config import EarlyStoppingConfig


def custom(target: str, **fields: object) -> Section:
    return CustomClassConfig.model_validate({"_target_": target, **fields})


def test_the_fields_are_the_arguments() -> None:
    assert build(custom("collections.Counter", red=2), blue=1) == Counter(red=2, blue=1)


def test_positional_arguments_go_first() -> None:
    assert build(custom("fractions.Fraction"), 3, 4) * 4 == 3


def test_a_section_for_a_class_of_lightning_fits_its_arguments() -> None:
    stopping = build(EarlyStoppingConfig(patience=2, mode="max"))

    assert (stopping.patience, stopping.monitor) == (2, "val/detection_rate")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("collections.Countre", "did you mean 'Counter'?"),
        ("no_such_package.Thing", "there is no module 'no_such_package'"),
        ("collections.nothing.Thing", "there is no module 'collections.nothing'"),
        ("Counter", "no _target_ that names a class"),
    ],
)
def test_a_missing_class_is_a_usage_error(target: str, words: str) -> None:
    with pytest.raises(UsageError, match=words.replace("?", r"\?")):
        build(custom(target))


def test_an_argument_that_the_class_does_not_take_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="does not fit: got an unexpected keyword argument 'colour'"):
        build(custom("fractions.Fraction", colour=2))


def test_a_recorded_model_is_parsed_into_its_section() -> None:
    section = BallHeatmapConfig(channels=8)

    assert recorded_model_config(section.model_dump(mode="json", by_alias=True)) == section
    with pytest.raises(ConfigProblems, match=r"model\.channels"):
        recorded_model_config({"_target_": "raasid.models.ball.heatmap.BallHeatmap", "channels": 1})
