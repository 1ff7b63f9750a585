"""Footage under another season's wording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.footage.records import Clip, Contact, Fact, Footage, Frame, Provenance
from raasid.footage.relabel import relabel
from raasid.laws.decide import decide
from raasid.laws.edition import Ruling
from raasid.laws.edition_lookup import EditionUnknown, shipped_editions
from raasid.laws.facts import fact_values, read_facts

TOUCH: dict[str, Fact] = {
    "segment": "hand",
    "goalkeeper": False,
    "in_own_area": True,
    "deliberate": False,
    "bigger": False,
    "above_shoulder": False,
    "own_deflection": False,
    "close_range": False,
    "falling_support": False,
    "scored": "no",
    "chance": "no",
    "team_mate": "no",
    "denied": "nothing",
}
CASES: dict[str, dict[str, Fact]] = {
    "accident": {},
    "assist": {"team_mate": "chance", "in_own_area": False},
    "deliberate": {"deliberate": True},
    "goal_line": {"bigger": True, "justified": False, "denied": "goal"},
    "jump": {"bigger": True, "justified": True},
    "undetermined": {"bigger": True},
}


def clip(name: str, facts: dict[str, Fact], **more: Any) -> Clip:
    frame = Frame(0, Path(f"{name}.jpg"), 64, 36)
    return Clip(name, (frame,), Provenance("test"), facts=facts, tags=(f"scenario_{name}",), **more)


def footage() -> Footage:
    """Every case, ruled by the Laws of 2020/21."""
    clips = [clip(name, TOUCH | facts) for name, facts in CASES.items()]
    return relabel(Footage(clips, {"train": list(CASES)}), "ifab_2020_21")[0]


@pytest.mark.parametrize(
    ("edition", "flipped", "changed"),
    [
        ("ifab_2018_19", {"assist", "goal_line", "jump", "undetermined"}, set()),
        ("ifab_2019_20", {"assist"}, set()),
        ("ifab_2020_21", set(), set()),
        ("pl_2020_10", {"jump"}, {"undetermined"}),
        ("ifab_2021_22", {"assist", "jump"}, {"undetermined"}),
        ("ifab_2024_25", {"assist", "jump"}, {"undetermined", "goal_line"}),
        ("ifab_2026_27", {"assist", "jump"}, {"undetermined", "goal_line"}),
    ],
)
def test_exactly_the_clips_whose_ruling_the_wording_reverses_are_flipped(
    edition: str, flipped: set[str], changed: set[str]
) -> None:
    _, report = relabel(footage(), edition)

    assert set(report.flipped_ids) == flipped
    assert {one.clip for one in report.clips if one.changed} == flipped | changed
    assert len(report.clips) == len(CASES)


def test_the_new_footage_has_the_rulings_and_the_edition_they_follow() -> None:
    new, _ = relabel(footage(), "ifab_2021_22")

    for one in new.clips:
        assert one.ruling == decide(read_facts(one.facts), "ifab_2021_22")
        assert one.provenance.law_edition == "ifab_2021_22"
    assert new.notes[-1] == "rulings by the Law of ifab_2021_22, from facts"
    assert new.splits == {"train": list(CASES)}


def test_an_abstention_names_the_missing_fact() -> None:
    _, report = relabel(footage(), "ifab_2021_22")
    (open_,) = (one for one in report.clips if one.new.abstained)

    assert (open_.clip, open_.missing) == ("undetermined", ("justified",))
    assert not open_.flipped


def test_everything_but_ruling_and_edition_is_unchanged() -> None:
    before = footage()
    there_and_back = relabel(relabel(before, "ifab_2018_19")[0], "ifab_2020_21")[0]

    assert there_and_back.clips == before.clips


def test_a_clip_without_facts_keeps_its_annotated_ruling() -> None:
    ruling = Ruling("offence", "penalty", edition="ifab_2019_20")
    unknown = clip("a", {}, ruling=ruling)
    others = clip("b", {"weather": "rain"}, contact=Contact(0, 0, "left", "hand"))
    new, report = relabel(Footage([unknown, others]), "ifab_2021_22")

    assert new.clips == [unknown, others]
    assert (report.num_without_facts, report.clips) == (2, ())


def test_the_contact_gives_the_segment_where_the_facts_do_not() -> None:
    touched = clip("a", {"deliberate": True}, contact=Contact(0, 0, "left", "thigh"))
    new, _ = relabel(Footage([touched]), "ifab_2021_22")

    assert new.clips[0].ruling is not None
    assert new.clips[0].ruling.clause == "no_arm_contact"
    assert new.clips[0].facts == {"deliberate": True}


@pytest.mark.parametrize(
    ("facts", "segment", "reason"),
    [
        ({"deliberate": "yes"}, "hand", "facts: deliberate is 'yes'; expected true, false"),
        ({"deliberate": True}, "elbow", "facts: segment is 'elbow'; expected hand"),
    ],
)
def test_a_clip_with_unreadable_facts_is_left_out_and_named(
    facts: dict[str, Fact], segment: str, reason: str
) -> None:
    bad = clip("bad", facts, contact=Contact(0, 0, "left", segment))
    given = Footage([bad, *footage().clips], {"train": ["bad", *CASES]})
    given.quarantine.add("torn.jpg", "truncated JPEG: 3 bytes")
    new, report = relabel(given, "ifab_2021_22")

    assert report.num_rejected == 1
    assert [one.id for one in new.clips] == list(CASES)
    assert new.splits == {"train": list(CASES)}
    assert [entry.path for entry in new.quarantine] == ["bad", "torn.jpg"]
    assert reason in next(iter(new.quarantine)).reason
    assert len(given.quarantine) == 1


def test_a_first_ruling_is_a_change_but_not_a_flip() -> None:
    _, report = relabel(Footage([clip("a", TOUCH)]), "ifab_2021_22")

    assert report.clips[0].changed
    assert not report.clips[0].flipped


def test_an_unknown_edition_is_rejected() -> None:
    with pytest.raises(EditionUnknown, match="did you mean 'ifab_2021_22'"):
        relabel(footage(), "ifab_2021_23")


ANY_FACTS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in fact_values().items()}
)


@given(st.lists(ANY_FACTS, max_size=4), st.sampled_from(shipped_editions()))
@settings(max_examples=200)
def test_relabelling_again_changes_nothing(many: list[dict[str, Fact]], edition: str) -> None:
    given_ = Footage([clip(str(number), facts) for number, facts in enumerate(many)])
    once, report = relabel(given_, edition)
    twice, again = relabel(once, edition)

    assert twice.clips == once.clips
    assert not [one for one in again.clips if one.changed]
    assert report.num_without_facts == sum(not facts for facts in many)
