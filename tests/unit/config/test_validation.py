"""A whole tree against its schema."""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf

from raasid.config import conf_dir
from raasid.config.compose import ConfigComposer
from raasid.config.error_messages import ConfigProblems
from raasid.config.validation import check, validate
from raasid.pipeline.verb_configs import TrainConfig


@pytest.fixture(scope="module")
def composed() -> DictConfig:
    with ConfigComposer(conf_dir(), "train") as composer:
        return composer.compose([])


@pytest.fixture
def tree(composed: DictConfig) -> DictConfig:
    tree = copy.deepcopy(composed)
    OmegaConf.set_struct(tree, False)
    return tree


def problems(tree: DictConfig) -> dict[str, str]:
    return {problem.path: problem.message for problem in check(TrainConfig, tree).problems}


@pytest.mark.parametrize(
    ("key", "value", "path", "words"),
    [
        ("data.batch_size", "abc", None, "expected an integer ≥ 1, got 'abc'"),
        ("data.batch_size", 1.5, None, "expected an integer ≥ 1, got 1.5"),
        ("data.batch_size", True, None, "expected an integer ≥ 1, got True"),
        ("model.channels", -3, None, "must be at least 4, but is -3"),
        ("data.augment.flip", 2, None, "must be at most 1, but is 2"),
        (
            "data.size",
            [640],
            None,
            "expected a list of 2, each an integer ≥ 8 in steps of 8, or null, got [640]",
        ),
        ("data.size", [640, 361], "data.size[1]", "must be a multiple of 8, but is 361"),
        ("model.threshold", 3, None, "expected a number > 0 and < 1 or 'auto', got 3"),
        (
            "callbacks.model_checkpoint.mode",
            "mx",
            None,
            "expected one of 'max', 'min', got 'mx'; did you mean 'max'?",
        ),
        ("trainer.max_epoch", 3, None, "no such key; did you mean 'trainer.max_epochs'?"),
        ("paths.logs", "${nope}/x", None, "refers to '${nope}/x', and there is no such key"),
        ("paths.logs", "${oc.env:RAASID_NO_SUCH}", None, "cannot be resolved"),
        ("seed", "???", None, "is required; add seed=VALUE"),
        ("data.crop", 2000, None, "must fit into data.size, 640 x 360, but is 2000"),
        ("data.matches", 20, None, "must be more than val_matches + test_matches = 20, but is 20"),
        ("data.size", None, None, "is needed for training"),
        ("trainer.precision", "64-true", None, "expected one of '32-true', '16-mixed', 'bf16-mixed'"),
        ("trainer.max_epochs", None, None, "must be given unless max_steps or max_time is"),
        ("data.augment", 3, None, "expected a section with keys, got 3"),
        ("scheduler.kind", "cosin", None, "did you mean 'cosine'?"),
        ("model._target_", "raasid.models.ball.BallHeatmap", None, "or the dotted name of a class of yours"),
        ("model._target_", "BallHeatmap", None, "expected one of 'raasid.models.ball.heatmap.BallHeatmap'"),
        ("callbacks.mine", {"x": 1}, "callbacks.mine._target_", "is missing"),
    ],
)
def test_a_wrong_value_is_named_with_the_expected_type(
    tree: DictConfig, key: str, value: Any, path: str | None, words: str
) -> None:
    OmegaConf.update(tree, key, value, merge=False)

    found = problems(tree)

    assert list(found) == [path or key]
    assert words in found[path or key]


def test_all_problems_are_reported_at_once(tree: DictConfig) -> None:
    tree.data.batch_size, tree.model.channels, tree.optimzer = "abc", -3, {"lr": 1}

    with pytest.raises(ConfigProblems) as raised:
        validate(TrainConfig, tree)

    assert str(raised.value).splitlines() == [
        "3 problems in the configuration",
        "  model.channels     must be at least 4, but is -3",
        "  data.batch_size    expected an integer ≥ 1, got 'abc'",
        "  optimzer           no such key; did you mean 'optimizer'?",
    ]


def test_a_class_of_the_users_own_may_have_any_argument(tree: DictConfig) -> None:
    tree.callbacks.mine = {"_target_": "collections.Counter", "red": 1}

    config = validate(TrainConfig, tree)

    assert config.callbacks["mine"].model_extra == {"red": 1}  # type: ignore[union-attr]


def test_values_are_converted_where_nothing_is_lost(tree: DictConfig) -> None:
    tree.data.samples_per_epoch, tree.tags = 1e3, [1, "a"]

    config = validate(TrainConfig, tree)

    assert (config.data.samples_per_epoch, config.tags) == (1000, ["1", "a"])


def test_files_have_to_exist_only_before_a_run(tree: DictConfig, tmp_path: Path) -> None:
    tree.model.init_from = str(tmp_path / "gone.ckpt")

    assert check(TrainConfig, tree).problems == []
    [problem] = check(TrainConfig, tree, paths_must_exist=True).problems
    assert problem.path == "model.init_from"
    assert "no such file" in problem.message


def test_a_tree_of_the_shipped_size_is_validated_within_50_ms(tree: DictConfig) -> None:
    def seconds() -> float:
        start = time.process_time()
        check(TrainConfig, tree)
        return time.process_time() - start

    assert any(seconds() < 0.05 for _ in range(50))  # a busy machine has quiet moments
