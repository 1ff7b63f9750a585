"""Command lines, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from soak import rounds

from raasid.config import conf_dir
from raasid.config.compose import ConfigComposer
from raasid.config.error_messages import ConfigProblems
from raasid.config.preflight import ValidatedCommand, preflight
from raasid.pipeline.verb_configs import TrainConfig


@pytest.fixture
def composer() -> Iterator[ConfigComposer]:
    with ConfigComposer(conf_dir(), "train") as composer:
        yield composer


def problems(composer: ConfigComposer, *words: str, multirun: bool = False) -> dict[str, str]:
    with pytest.raises(ConfigProblems) as raised:
        preflight(TrainConfig, composer, words, multirun)
    return {problem.path: problem.message for problem in raised.value.problems}


def validated(composer: ConfigComposer, *words: str, multirun: bool = False) -> ValidatedCommand[TrainConfig]:
    return preflight(TrainConfig, composer, words, multirun)


@pytest.mark.parametrize(
    ("word", "path", "words"),
    [
        ("optimzer.lr=1", "optimzer.lr", "no such key; did you mean 'optimizer.lr'?"),
        ("optimzer=adam", "optimzer", "no such group; did you mean 'optimizer=adam'?"),
        (
            "model=ball_heatmp",
            "model",
            "no such option: 'ball_heatmp'; did you mean 'ball_heatmap'? (there are: ball",
        ),
        ("trainer.max_steps.x=1", "trainer.max_steps.x", "'trainer.max_steps' is a single value"),
        ("trainer.fast_dev_run=true", "trainer.fast_dev_run", "add it with '+trainer.fast_dev_run=true'"),
        ("+seed=2", "+seed=2", "already there; write it without '+'"),
        ("+foo.bar=1", "foo.bar", "no such key"),
        ("~callbacks.early_stopping", "~callbacks.early_stopping", "no such key to delete"),
        ("~data", "data", "is missing; choose one with 'data=NAME'"),
        ("data=yolo", "data.root", "is required; add data.root=VALUE"),
        ("model.channels={a", "model.channels={a", "cannot be read"),
        ("two words", "two words", "write key=value"),
        ("seed=${nowhere}", "seed", "refers to '${nowhere}'"),
        ("seed=1,2", "seed", "need --multirun"),
        ("hydra.run.dirr=x", "hydra.run.dirr", "did you mean 'hydra.run.dir'?"),
        ("hydra/launcher=slrm", "hydra/launcher", "no such option"),
        ("ckpt_path=nowhere.ckpt", "ckpt_path", "no such file: 'nowhere.ckpt'"),
        ("+callbacks.mine._target_=no_such_package.Callback", "callbacks.mine._target_", "no module named"),
    ],
)
def test_one_wrong_override_is_one_problem(
    composer: ConfigComposer, word: str, path: str, words: str
) -> None:
    found = problems(composer, word)

    assert list(found) == [path]
    assert words in found[path]


def test_problems_are_in_the_order_of_the_overrides(composer: ConfigComposer) -> None:
    found = problems(composer, "data.batch_size=abc", "optimzer.lr=1", "model.channels=-3")

    assert list(found) == ["data.batch_size", "optimzer.lr", "model.channels"]


@pytest.mark.parametrize(
    "word",
    [
        "+trainer.fast_dev_run=true",
        "++trainer.min_epochs=1",
        "~callbacks.ema",
        "callbacks=early_stopping",
        "experiment=ball",
        "tags=[a,b]",
        "+optimizer.fused=false",
        "data.augment={flip:0}",
        "hydra.run.dir=somewhere",
    ],
)
def test_the_habits_of_hydra_users_work(composer: ConfigComposer, word: str) -> None:
    assert isinstance(validated(composer, word).config, TrainConfig)


def test_a_callback_can_be_dropped_where_the_group_has_it(composer: ConfigComposer) -> None:
    config = validated(composer, "callbacks=early_stopping", "~callbacks.early_stopping").config

    assert "early_stopping" not in config.callbacks
    assert "ema" in config.callbacks


def test_every_value_of_a_sweep_is_checked_before_it_starts(composer: ConfigComposer) -> None:
    found = problems(
        composer, "seed=1,x", "model=ball_yolo,ball_heatmp", "optimizer.lr=choice(0.1,-1)", multirun=True
    )

    assert list(found) == ["seed", "model", "optimizer.lr"]
    assert "must be greater than 0, but is -1" in found["optimizer.lr"]


@pytest.mark.parametrize(
    "word",
    ["model=ball_yolo,ball_heatmap", "experiment=glob(*)", "seed=range(1,4)", "optimizer.lr=interval(0.1,1)"],
)
def test_a_sweep_of_valid_values_can_start(composer: ConfigComposer, word: str) -> None:
    assert validated(composer, word, multirun=True).multirun


def test_the_users_run_directory_is_returned(composer: ConfigComposer) -> None:
    assert validated(composer, "hydra.run.dir=a b/c").run_dir == "a b/c"
    assert validated(composer).run_dir is None


KEYS = [
    "seed",
    "model",
    "data.size",
    "data.size.0",
    "callbacks.ema",
    "hydra.job.name",
    "hydra",
    "tags",
    "model@x",
]
VALUES = [
    "1",
    "null",
    "[1,2]",
    "{a: 1}",
    "a,b",
    "range(1,3)",
    "interval(0,1)",
    "glob(*)",
    "${nope}",
    "???",
    "nan",
]
WORDS = st.text(max_size=12) | st.builds(
    lambda prefix, key, value: f"{prefix}{key}={value}",
    st.sampled_from(["", "+", "~", "++"]),
    st.sampled_from(KEYS),
    st.sampled_from(VALUES) | st.text(max_size=6),
)


@settings(max_examples=rounds(5, 100), suppress_health_check=list(HealthCheck))
@pytest.mark.soak
@given(st.lists(WORDS, min_size=1, max_size=2), st.booleans())
def test_any_command_line_is_valid_or_explained(words: list[str], multirun: bool) -> None:
    with ConfigComposer(conf_dir(), "train") as composer, suppress(ConfigProblems):
        assert preflight(TrainConfig, composer, words, multirun).config
