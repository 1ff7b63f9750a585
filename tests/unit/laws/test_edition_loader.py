"""Editions as files: inheritance, and the errors for an invalid file."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from soak import rounds

from raasid.laws.decide import decide
from raasid.laws.edition_loader import EditionUnreadable, load_edition
from raasid.laws.edition_lookup import editions_dir, shipped_editions
from raasid.laws.facts import Facts

Write = Callable[[str], Path]

BASE = """
id: "mine"
title: Our own rules
sources: [us]
clauses:
  always: {stage: otherwise, decision: no_offence, says: Never an offence.}
restarts:
  free_kick: {gives: direct_free_kick}
sanctions:
  no_card: {gives: none}
"""
CLAUSE = "clauses: {new: {stage: body, decision: offence, says: s, when: %s}}"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    for path in editions_dir().glob("*.yaml"):
        shutil.copy(path, tmp_path)

    def write(text: str) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return path

    return write


def follower(text: str) -> str:
    return f'id: "mine"\ntitle: t\nsources: [us]\nfollows: "ifab_2020_21"\n{text}'


@pytest.mark.parametrize("name", shipped_editions())
def test_every_shipped_edition_loads_and_names_its_sources(name: str) -> None:
    edition = load_edition(editions_dir() / f"{name}.yaml")

    assert edition.id == name
    assert edition.sources
    assert len({clause.name for clause in edition.clauses}) == len(edition.clauses)


@pytest.mark.parametrize("name", shipped_editions())
def test_a_shipped_edition_contains_only_its_differences(name: str) -> None:
    stored = yaml.safe_load((editions_dir() / f"{name}.yaml").read_text())
    if not stored["follows"]:
        return
    before = load_edition(editions_dir() / f"{stored['follows']}.yaml")
    for clause in before.clauses:
        for key, value in stored.get("clauses", {}).get(clause.name, {}).items():
            assert getattr(clause, key) != value, (clause.name, key)


def test_a_user_edition_can_follow_a_shipped_one(write: Write) -> None:
    mine = load_edition(write(follower("removes: {clauses: [body_bigger]}")))
    hit = Facts(segment="hand", goalkeeper=False, deliberate=False, bigger=True, above_shoulder=False)
    no_goal = Facts(**hit.record(), scored="no", chance="no", team_mate="no")

    assert decide(no_goal, "ifab_2020_21").decision == "offence"
    assert decide(no_goal, mine).decision == "no_offence"
    assert decide(no_goal, mine).edition == "mine"


def test_a_changed_clause_keeps_what_it_does_not_change(write: Write) -> None:
    mine = load_edition(write(follower("clauses: {body_bigger: {confidence: discretionary}}")))
    (changed,) = (clause for clause in mine.clauses if clause.name == "body_bigger")

    assert (changed.decision, changed.confidence) == ("offence", "discretionary")
    assert changed.when.holds(Facts(bigger=True)) is True


def test_a_new_clause_is_tested_before_those_of_its_stage(write: Write) -> None:
    mine = load_edition(write(follower(CLAUSE % "{close_range: true}")))

    assert [clause.name for clause in mine.clauses if clause.stage == "body"][:2] == ["new", "body_bigger"]


def test_an_edition_may_have_no_predecessor(write: Write) -> None:
    assert decide(Facts(), load_edition(write(BASE))).clause == "always"


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("[]", "", "expected a mapping"),
        ("a: [", "(whole file)", "line 1"),
        ("\x00", "(whole file)", "special characters"),
        (BASE + "title: again", "title", "is there twice, again in line 11"),
        (BASE.replace('"mine"', "202122"), "id", "expected a text, got 202122; put quotes round it"),
        (BASE.replace('"mine"', "other"), "id", "expected the file's own name, 'mine', got 'other'"),
        (BASE + "clausses: {}", "clausses", "no such key; did you mean 'clauses'?"),
        (BASE + "valid_from: soon", "valid_from", "expected a day such as 2021-07-01, got 'soon'"),
        (BASE.replace("sources: [us]", "sources: []"), "sources", "expected a list of texts, got []"),
        (
            BASE.replace("otherwise", "somewhen"),
            "clauses.always.stage",
            "one of contact, goalkeeper",
        ),
        (
            BASE.replace("no_offence", "maybe"),
            "clauses.always.decision",
            "one of offence, no_offence",
        ),
        (BASE.replace("Never an offence.", '""'), "clauses.always.says", "expected a text, got ''"),
        (
            BASE.replace("gives: none", "gives: blue"),
            "sanctions.no_card.gives",
            "one of none, yellow",
        ),
        (
            BASE.replace("gives: none", "gives: null"),
            "sanctions.no_card.gives",
            "one of none, yellow",
        ),
        (BASE.replace("{gives: none}", "none"), "sanctions.no_card", "expected a mapping, got 'none'"),
        (
            BASE.replace("{gives: none}", "{gives: none, when: {bigger: true}}"),
            "sanctions",
            "must hold always",
        ),
        (
            BASE.replace("free_kick: {gives: direct_free_kick}", ""),
            "restarts",
            "expected a mapping, got None",
        ),
        (follower("removes: {clauses: [body_biger]}"), "removes.clauses", "did you mean 'body_bigger'?"),
        (follower("removes: {clauses: body_bigger}"), "removes.clauses", "expected a list of texts"),
        (follower("removes: {clauses: [no_clause_applies]}"), "clauses", "must hold always"),
        (follower("removes: {things: [a]}"), "removes.things", "no such key"),
        (follower("").replace("ifab_2020_21", "ifab_2020_12"), "follows", "did you mean 'ifab_2020_21'?"),
        (follower("").replace("ifab_2020_21", "mine"), "follows", "goes in a circle: 'mine'"),
        (follower("clauses: {1: {}}"), "clauses.1", "expected a text, got 1"),
        (follower("clauses: {new: {}}"), "clauses.new.stage", "expected one of"),
        (follower("clauses: {new: {stage: body, then: offence}}"), "clauses.new.then", "no such key"),
        (
            follower(CLAUSE % "{biger: true}"),
            "clauses.new.when.biger",
            "no such fact: 'biger'; did you mean 'bigger'?",
        ),
        (follower(CLAUSE % "{bigger: 1}"), "clauses.new.when.bigger", "expected true, false, got 1"),
        (follower(CLAUSE % "{scored: no}"), "clauses.new.when.scored", "put quotes round no"),
        (follower(CLAUSE % "{segment: []}"), "clauses.new.when.segment", "at least one value"),
        (follower(CLAUSE % "{any: {bigger: true}}"), "clauses.new.when.any", "expected a list of conditions"),
        (follower(CLAUSE % "{any: [bigger]}"), "clauses.new.when.any[0]", "expected a mapping of facts"),
        (follower(CLAUSE % "{not: {up: true}}"), "clauses.new.when.not.up", "no such fact: 'up'"),
    ],
)
def test_an_invalid_file_is_reported_with_key_and_reason(
    write: Write, text: str, key: str, message: str
) -> None:
    with pytest.raises(EditionUnreadable, match=re.escape(message)) as error:
        load_edition(write(text))

    assert error.value.key == key
    assert str(error.value).startswith(f"{error.value.path}: ")


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(EditionUnreadable, match="No such file"):
        load_edition(tmp_path / "none.yaml")


SCALAR = st.none() | st.booleans() | st.integers() | st.sampled_from(["hand", "offence", ""])
TREE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALAR, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(["removes", "clauses", "restarts", "sanctions", "follows", "valid_from", "sources"]), TREE
)
@settings(max_examples=rounds(60, 600), suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.soak
def test_any_content_of_a_file_raises_at_most_the_typed_error(write: Write, key: str, tree: object) -> None:
    stored = {**yaml.safe_load(BASE), "follows": "ifab_2020_21", key: tree}
    with suppress(EditionUnreadable):
        decide(Facts(), load_edition(write(yaml.safe_dump(stored))))
