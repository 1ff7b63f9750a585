"""Trigger `new_scenarios`: tags that the training data lack, from enough clips of enough matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raasid.stats.novelty import NovelClip, Novelty
from raasid.triggers.decision_record import Decision
from raasid.triggers.new_scenarios import ScenarioRule, TagCount, decide_new_scenarios

INPUTS = {"data": "a" * 64}


def decide(current: dict[str, TagCount], trained_on: set[str] | None, **options) -> Decision:
    champion = options.pop("champion", "v20261123.1")
    return decide_new_scenarios("ball_model", champion, current, trained_on, inputs=INPUTS, **options)


def test_a_new_tag_asks_for_an_incremental_training_with_its_counts() -> None:
    decision = decide({"night": TagCount(40, 6), "snow": TagCount(8, 2), "day": TagCount(90, 9)}, {"day"})

    assert (decision.verdict, decision.action) == ("fire", "incremental")
    assert [row["tag"] for row in decision.evidence] == ["night", "snow"]
    assert decision.reason == (
        "ball_model v20261123.1 was trained without 'night' (40 clips of 6 matches), 'snow' (8 clips of 2 "
        "matches): it is trained further on them, with replay."
    )
    assert decision.thresholds == {"min_clips": 5, "min_matches": 2, "alpha": 0.05}


@pytest.mark.parametrize("count", [TagCount(4, 4), TagCount(50, 1)])
def test_too_little_of_a_new_tag_holds_and_says_so(count: TagCount) -> None:
    decision = decide({"night": count}, {"day"})

    assert (decision.verdict, decision.action) == ("hold", None)
    assert "less than 5 clips of 2 matches" in decision.reason
    assert decision.evidence[0]["enough"] is False


def novelty(p: float, clips: int, matches: int) -> Novelty:
    far = tuple(NovelClip(f"clip {k}", f"match {k % matches}", 9.0 - k / 3) for k in range(clips))
    return Novelty(p, 8, 40, tuple(f"match {k}" for k in range(matches)), far, 50, 4.0, 3.0)


def test_far_embeddings_ask_for_an_incremental_training_and_name_clips_though_all_tags_are_known() -> None:
    decision = decide({"day": TagCount(50, 9)}, {"day"}, novelty=novelty(0.002, 7, 3))

    assert (decision.verdict, decision.action) == ("fire", "incremental")
    assert decision.reason == (
        "ball_model v20261123.1 was trained without anything like 7 clips of 3 matches, which are far from "
        "what it knows (p = 0.002, such as clip 0): it is trained further on them, with replay."
    )
    (row,) = decision.evidence
    assert (row["embedding"], row["clips"], row["of_clips"], row["of_matches"]) == ("far", 7, 50, 8)
    assert row["examples"][0] == {"clip": "clip 0", "match": "match 0", "distance": 9.0}  # type: ignore[index]
    assert Decision.from_bytes(decision.to_bytes()) == decision
    assert decide({}, None, novelty=novelty(0.002, 7, 3)).verdict == "fire", "tags need not be recorded"


@pytest.mark.parametrize(("p", "clips", "matches"), [(0.06, 7, 3), (0.002, 4, 3), (0.002, 7, 1)])
def test_embeddings_by_chance_or_of_too_little_footage_hold(p: float, clips: int, matches: int) -> None:
    decision = decide({"day": TagCount(50, 9)}, {"day"}, novelty=novelty(p, clips, matches))

    assert (decision.verdict, decision.action) == ("hold", None)
    assert decision.evidence[0]["enough"] is False


def test_known_tags_hold() -> None:
    assert decide({"day": TagCount(50, 9)}, {"day", "night"}).verdict == "hold"
    assert decide({}, set()).verdict == "hold"


def test_unrecorded_training_tags_are_said() -> None:
    assert decide({"night": TagCount(50, 9)}, None).verdict == "cannot_tell"


def test_without_a_champion_there_is_nothing_to_extend() -> None:
    assert decide({"night": TagCount(50, 9)}, {"day"}, champion=None).verdict == "cannot_tell"


counts = st.builds(TagCount, st.integers(1, 12), st.integers(1, 4))


@given(st.dictionaries(st.text(max_size=5), counts), st.sets(st.text(max_size=5)), st.integers(1, 9))
def test_it_fires_exactly_if_a_new_tag_has_enough_footage(current, known, least) -> None:
    decision = decide(current, known, rule=ScenarioRule(min_clips=least))

    new = [count for tag, count in current.items() if tag not in known]
    assert (decision.verdict == "fire") == any(c.clips >= least and c.matches >= 2 for c in new)
    assert len(decision.evidence) == len(new)
    assert Decision.from_bytes(decision.to_bytes()).digest == decision.digest


def test_the_order_of_tags_does_not_change_the_record() -> None:
    tags = {name: TagCount(9, 3) for name in "abcdef"}
    turned = dict(reversed(tags.items()))

    assert decide(tags, set()).to_bytes() == decide(turned, set()).to_bytes()
