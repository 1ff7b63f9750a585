"""Presets whose names look like numbers, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from raasid.config.compose import compose
from raasid.config.composer import Composer
from raasid.config.conf_dir import conf_dir
from raasid.config.number_names import quoted
from raasid.config.preflight import preflight
from raasid.config.problems import ConfigProblems
from raasid.config.schema.relabel import RelabelConfig


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("law=2021_22", "law='2021_22'"),
        ("+law=2021_22", "+law='2021_22'"),
        ("~law=2021_22", "~law='2021_22'"),
        ("++law=2021_22", "++law='2021_22'"),
        ("law@past=2021_22", "law@past='2021_22'"),
        ("law=2019_20,2020_21,pl_2020_10", "law='2019_20','2020_21',pl_2020_10"),
        ("law=[2019_20]", "law=['2019_20']"),
        ("law=choice(2019_20, 2021_22)", "law=choice('2019_20', '2021_22')"),
        ("law=1984", "law='1984'"),
        ("law.edition=2021_22", "law.edition='2021_22'"),
        ("law.edition=2021_23", "law.edition='2021_23'"),
    ],
)
def test_a_number_that_names_a_preset_is_quoted(word: str, told: str) -> None:
    assert quoted([word]) == [told]


@pytest.mark.parametrize(
    "word",
    [
        "law='2021_22'",
        'law="2021_22"',
        "law=pl_2020_10",
        "law=glob(2021*)",
        "law=2021_22.yaml",
        "law.edition=202122",
        "~law",
        "law",
        "",
        "=2021_22",
        "seed=1_000",
        "data.batch_size=1_000",
        "data.batch_size=16,32",
        "trainer.max_epochs=3",
        "paths.data=/data/2021_22",
        "name=2021_22",
        "--law=2021_22",
        "../conf/law=2021_22",
    ],
)
def test_everything_else_stays_as_it_was_typed(word: str) -> None:
    assert quoted([word]) == [word]


@given(st.text(alphabet="law=2_1,'[].+~x ", max_size=14))
def test_quoting_twice_is_quoting_once(word: str) -> None:
    assert quoted(quoted([word])) == quoted([word])


@given(st.from_regex(r"\A\d{1,4}(_\d{1,2}){0,2}\Z"))
def test_what_is_quoted_reaches_hydra_as_the_text_that_was_typed(name: str) -> None:
    (word,) = quoted([f"law={name}"])

    assert OverridesParser.create().parse_override(word).value() == name


@pytest.mark.parametrize("word", ["law=2019_20", "law='2019_20'", "law.edition=2019_20"])
def test_a_plain_season_chooses_its_edition(word: str) -> None:
    assert compose("relabel", RelabelConfig, [word]).law.edition == "2019_20"


def check(*words: str, multirun: bool = False) -> RelabelConfig:
    with Composer(conf_dir(), "relabel") as composer:
        return preflight(RelabelConfig, composer, words, multirun).config


def test_a_sweep_over_seasons_is_checked_value_by_value() -> None:
    assert check("law=2019_20,2021_22", multirun=True).law.edition == "2019_20"
    with pytest.raises(ConfigProblems, match="no such option: '2021_23'; did you mean '2021_22'"):
        check("law=2019_20,2021_23", multirun=True)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("law=2021_23", "law    no such option: '2021_23'; did you mean '2021_22'?"),
        ("law=pl_2020", "law    no such option: 'pl_2020'; did you mean 'pl_2020_10'?"),
        ("law.edition=2021_23", "law.edition    no such edition: '2021_23'; did you mean '2021_22'?"),
        ("law.edition=202122", "law.edition    no such edition: '202122'; did you mean '2021_22'?"),
        ("law.edition=null", "law.edition    expected text"),
    ],
)
def test_a_season_that_is_none_is_told_the_nearest(word: str, told: str) -> None:
    with pytest.raises(ConfigProblems) as error:
        check(word)

    assert told in str(error.value)


def test_a_season_without_quotes_in_a_file_of_ones_own_is_told_to_have_them(tmp_path: Path) -> None:
    mine = tmp_path / "experiment" / "mine.yaml"
    mine.parent.mkdir()
    mine.write_text("# @package _global_\ndefaults:\n  - override /law: 2021_22\n")
    words = ["+experiment=mine"]
    with (
        Composer(conf_dir(), "relabel", [f"file://{tmp_path}"]) as composer,
        pytest.raises(ConfigProblems, match=r"put quotes round a name that looks like a number"),
    ):
        preflight(RelabelConfig, composer, words, False)

    mine.write_text(mine.read_text().replace("2021_22", '"2021_22"'))
    with Composer(conf_dir(), "relabel", [f"file://{tmp_path}"]) as composer:
        assert preflight(RelabelConfig, composer, words, False).config.law.edition == "2021_22"
