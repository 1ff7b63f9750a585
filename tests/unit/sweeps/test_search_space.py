"""Overrides become distributions as users of Hydra's own Optuna plugin know them."""

from __future__ import annotations

from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from raasid.sweeps.search_space import (
    SearchSpace,
    SearchSpaceError,
    create_optuna_distribution_from_override,
    create_params_from_overrides,
    differences,
    read_search_space,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key=choice(1,2)", CategoricalDistribution((1, 2))),
        ("key=choice(true,false)", CategoricalDistribution((True, False))),
        ("key=choice('hello','world')", CategoricalDistribution(("hello", "world"))),
        ("key=1,2.5,x", CategoricalDistribution((1, 2.5, "x"))),
        ("key=range(1,3)", IntDistribution(1, 2)),
        ("key=range(0,6,step=2)", IntDistribution(0, 4, step=2)),
        ("key=range(0.5,5.5,step=1)", FloatDistribution(0.5, 4.5, step=1)),
        ("key=interval(1,5)", FloatDistribution(1, 5)),
        ("key=int(interval(1,5))", IntDistribution(1, 5)),
        ("key=tag(log,interval(1,5))", FloatDistribution(1, 5, log=True)),
        ("key=tag(log,int(interval(1,5)))", IntDistribution(1, 5, log=True)),
        ("key=tag(log,interval(1e-5,1e-2))", FloatDistribution(1e-5, 1e-2, log=True)),
        ("key=choice(null,true)", CategoricalDistribution((None, True))),
        ("key=choice([1,2],{a:1})", CategoricalDistribution(("[1,2]", "{a:1}"))),
        ("key=choice('c,d','1',plain)", CategoricalDistribution(("'c,d'", "'1'", "plain"))),
        ("key=range(5,0,-1)", IntDistribution(1, 5)),
        ("key=range(0,0.4,0.1)", FloatDistribution(0, 0.3, step=0.1)),
        ("key=tag(log,range(1,9))", IntDistribution(1, 8, log=True)),
        ("key=5", "5"),
        ("key=[1,2]", "[1,2]"),
    ],
)
def test_each_form_of_the_grammar_gives_its_distribution(text: str, expected: Any) -> None:
    distributions, fixed, _ = create_params_from_overrides([text])
    assert {**distributions, **fixed} == {"key": expected}


def test_a_shuffled_range_is_a_choice_of_its_values() -> None:
    override = OverridesParser.create().parse_override("key=shuffle(range(1,4))")
    found = create_optuna_distribution_from_override(override)
    assert found == CategoricalDistribution((1, 2, 3)), "in one order, so that a second start finds the same"


def test_fixed_values_are_texts_and_deletions_pass_through() -> None:
    texts = ["a=1", "b=choice(1,2)", "~z", "~y=10", "+w=interval(0,1)", "name='x y'"]
    distributions, fixed, deletions = create_params_from_overrides(texts)
    assert list(distributions) == ["b", "+w"]
    assert fixed == {"a": "1", "name": "'x y'"}
    assert deletions == ["~z", "~y=10"]


def test_the_command_line_wins_over_the_file() -> None:
    params = {"a": "choice(1,2)", "b": "interval(0,1)", "c": [3, 4], "d": 5}
    space = read_search_space(params, ["b=0.5", "a=choice(7,8)", "+e=choice(1,2)"])
    assert space.distributions == {
        "a": CategoricalDistribution((7, 8)),
        "c": CategoricalDistribution((3, 4)),
        "+e": CategoricalDistribution((1, 2)),
    }
    assert space.fixed == {"b": "0.5", "d": "5"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("key=range(3,3)", "empty"),
        ("key=interval(5,1)", "key"),
        ("key=tag(log,interval(0,1))", "key"),
        ("key=interval(0,inf)", "finite"),
        ("key=tag(log,range(1,100,10))", "no steps"),
        ("key=glob(*)", "key"),
        ("key=choice(", "key=choice("),
    ],
)
def test_what_cannot_be_searched_is_named(text: str, said: str) -> None:
    with pytest.raises(SearchSpaceError, match=r"key") as caught:
        create_params_from_overrides([text])
    assert said in str(caught.value)


def test_a_key_that_is_searched_twice_is_refused() -> None:
    with pytest.raises(SearchSpaceError, match="searched twice"):
        create_params_from_overrides(["a=choice(1,2)", "a=choice(2,3)"])


@pytest.mark.parametrize("texts", [["a=choice(1,2)", "a=1"], ["a=1", "+a=choice(1,2)"]])
def test_a_key_that_is_searched_and_fixed_is_refused(texts: list[str]) -> None:
    with pytest.raises(SearchSpaceError, match=r"a: is searched by '.?a=choice.*' and fixed by 'a=1'"):
        create_params_from_overrides(texts)


def test_a_deleted_key_is_not_searched() -> None:
    space = read_search_space({"a": "choice(1,2)", "b": [None, True]}, ["~a"])
    assert space.distributions == {"b": CategoricalDistribution((None, True))}
    assert space.overrides({"b": None}) == ("~a", "b=null")


def test_steps_are_exact() -> None:
    assert read_search_space({}, ["a=range(0,0.5,0.1)"]).grid() == [
        {"a": each} for each in (0.0, 0.1, 0.2, 0.3, 0.4)
    ]


def test_a_grid_holds_every_combination_once() -> None:
    space = read_search_space({}, ["a=choice(x,y)", "b=range(0,3)", "c=range(0,1,step=0.5)"])
    cells = space.grid()
    assert len(cells) == len({tuple(cell.items()) for cell in cells}) == 12
    assert cells[0] == {"a": "x", "b": 0, "c": 0.0}
    assert space.grid(seed=1) == space.grid(seed=1) != cells
    assert sorted(map(str, space.grid(seed=1))) == sorted(map(str, cells))


def test_a_grid_over_an_interval_is_refused_and_says_what_to_write() -> None:
    space = read_search_space({}, ["lr=interval(0,1)"])
    with pytest.raises(SearchSpaceError, match=r"lr: a grid needs single values.*choice"):
        space.grid()


def test_overrides_of_a_trial_are_what_is_fixed_then_what_was_sampled() -> None:
    space = SearchSpace({"a": IntDistribution(0, 9)}, {"experiment": "ball"}, ("~z",))
    assert space.overrides({"a": 3}) == ("experiment=ball", "~z", "a=3")


def test_two_spaces_differ_by_the_keys_that_are_named() -> None:
    one = read_search_space({}, ["a=interval(0,1)", "b=choice(1,2)"]).signature()
    other = read_search_space({}, ["a=interval(0,2)", "c=int(interval(1,3))"]).signature()
    assert list(differences(one, one)) == []
    assert list(differences(one, other)) == [
        "a: 0 to 1 -> 0 to 2",
        "b: choice(1, 2) -> not searched",
        "c: not searched -> 1 to 3",
    ]
